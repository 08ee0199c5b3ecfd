from enum import StrEnum

class Language(StrEnum):
    EN = "en"
