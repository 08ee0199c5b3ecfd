from enum import Enum

class ErrorCategory(Enum):
    UNKNOWN = "unknown"
    AUTHENTICATION = "authentication"
    CONNECTIVITY = "connectivity"
