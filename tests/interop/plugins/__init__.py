"""Our plug-ins in the frameworks that they are for: ``make interop-plugins``."""
