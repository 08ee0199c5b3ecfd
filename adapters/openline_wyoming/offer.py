"""What the server offers: the answer to ``describe``, and the dialect for an asked language.

Home Assistant lets a user choose among the languages of the answer, and asks for the chosen one. A
dialect with the option ``language``, or ``languages``, is set to it; another one is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Attribution, Info

from openline.dialects.options import speaking
from openline.dialects.protocol import Dialect
from openline_driver.version import version

_ATTRIBUTION: Final = Attribution(name="openline", url="")
#: Offered where neither the caller nor the dialect has a language: Home Assistant needs one.
_LANGUAGE: Final = "en"


class LanguageError(ValueError):
    """The server does not offer the language that a client asks for."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A dialect and the languages in which it is offered.

    ``languages`` empty: the dialect's own, and whichever a client asks for.
    """

    dialect: Dialect
    languages: tuple[str, ...] = ()

    def info(self) -> Event:
        """The answer to ``describe``."""
        given: dict[str, Any] = {
            "attribution": _ATTRIBUTION,
            "installed": True,
            "version": version(),
        }
        name = self.dialect.name
        model = AsrModel(
            name=name, description=f"a {name} backend", languages=self._shown(), **given
        )
        program = AsrProgram(
            name="openline",
            description="An open line to a speech backend",
            models=[model],
            supports_transcript_streaming=True,
            **given,
        )
        return Info(asr=[program]).event()

    def speaking(self, language: str | None) -> Dialect:
        """The dialect for a client that asks for ``language``; None: the first that is offered.

        ``en`` serves a client that asks for ``en-GB`` where only ``en`` is offered, and the other
        way round. Raises LanguageError, one line.
        """
        chosen = self._chosen(language)
        return self.dialect if chosen is None else speaking(self.dialect, chosen)

    def _chosen(self, language: str | None) -> str | None:
        if not self.languages:
            return language
        if language is None:
            return self.languages[0]
        for offered in self.languages:
            if offered.lower() == language.lower():
                return offered
        for offered in self.languages:
            if _primary(offered) == _primary(language):
                return offered
        raise LanguageError(f"language {language}: it is not offered, only {self._listed()}")

    def _listed(self) -> str:
        return ", ".join(self.languages)

    def _shown(self) -> list[str]:
        if self.languages:
            return list(self.languages)
        one: str | None = getattr(self.dialect, "language", None)
        several: tuple[str, ...] = getattr(self.dialect, "languages", ())
        return [one] if one else list(several) or [_LANGUAGE]


def _primary(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()
