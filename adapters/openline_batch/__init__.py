"""Archives of recordings, transcribed by many workers.

``recordings`` finds what a batch is about, ``coordinator`` has it done by a crew of an engine, and
``work`` is what a worker does with one recording. ``ledger`` and ``leases`` are the files that
machines share, and ``report`` sums up.
"""
