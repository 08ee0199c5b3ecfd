from enum import Enum

class FrameDirection(Enum):
    DOWNSTREAM = 1
    UPSTREAM = 2
