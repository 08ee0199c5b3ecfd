from typing import TypeAlias

from livekit import rtc

AudioBuffer: TypeAlias = list[rtc.AudioFrame] | rtc.AudioFrame
