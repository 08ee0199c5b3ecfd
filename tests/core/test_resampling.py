"""16 kHz audio at other rates: exact lengths, a known delay, tones kept and images suppressed."""

from __future__ import annotations

import math
import struct
from random import Random

import pytest

from openline.audio.resampling import Resampler, phases

RATES = (8000, 24000, 48000)
LOUD = 30000


@pytest.fixture(autouse=True)
def _new_filters() -> None:
    """Each test makes its own filters: the ones of another test show no fault in the making."""
    phases.cache_clear()


def pushed(resampler: Resampler, values: list[int]) -> list[int]:
    made = resampler.push(struct.pack(f"<{len(values)}h", *values))
    return list(struct.unpack(f"<{len(made) // 2}h", made))


def tone(frequency: float, count: int = 8000) -> list[int]:
    return [round(LOUD * math.sin(2 * math.pi * frequency * i / 16000)) for i in range(count)]


def level(samples: list[int], frequency: float, rate: int) -> float:
    """The level of a tone in ``samples``, in dB of its full level; under a Hann window."""
    real = imaginary = weight = 0.0
    for i, each in enumerate(samples):
        window = 0.5 - 0.5 * math.cos(2 * math.pi * i / len(samples))
        angle = 2 * math.pi * frequency * i / rate
        real += window * each * math.cos(angle)
        imaginary += window * each * math.sin(angle)
        weight += window
    return 20 * math.log10(max(2 * math.hypot(real, imaginary) / weight / LOUD, 1e-9))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("cuts", [[320] * 25, [1, 2, 3, 5, 7, 319, 640, 0, 1, 1000], [7999]])
def test_the_output_is_as_long_as_the_input_and_no_cut_is_heard(rate: int, cuts: list[int]) -> None:
    whole = tone(440, sum(cuts))
    cut, resampler, total = list[int](), Resampler(rate), 0
    for each in cuts:
        cut += pushed(resampler, whole[total : total + each])
        total += each
        assert len(cut) == -(-total * rate // 16000)
    assert cut == pushed(Resampler(rate), whole)


@pytest.mark.parametrize(("rate", "delay"), [(8000, 32), (24000, 16), (48000, 16)])
def test_the_delay_is_known_and_silence_pushes_the_last_sample_out(rate: int, delay: int) -> None:
    resampler = Resampler(rate)
    assert resampler.delay == delay
    # A click in the last sample, which is even, so that 8 kHz has a sample there.
    before = pushed(resampler, [0] * 100 + [20000])
    behind = pushed(resampler, [0] * (2 * delay))
    whole = before + behind
    assert max(map(abs, before)) < 100, "nothing of it is out yet but a ripple"
    loudest = max(range(len(whole)), key=lambda i: abs(whole[i]))
    assert loudest * 16000 // rate == 100 + delay


@pytest.mark.parametrize("rate", [24000, 48000])
def test_the_rate_goes_up_by_copies_with_samples_between_them(rate: int) -> None:
    source = tone(1234, 800)
    made = pushed(Resampler(rate), source)
    step = 3 * 16000 // rate  # inputs for 3 outputs, the first of which is a copy
    copies = made[::3]
    assert copies[16 // step + 1 :] == source[step : step * (len(copies) - 16 // step) : step]


@pytest.mark.parametrize(
    ("rate", "frequency", "lowest", "highest"),
    [
        *((rate, f, -0.01, 0.01) for rate in RATES for f in (50, 1000, 3000)),
        (8000, 3400, -0.7, -0.6),
        *((rate, f, -0.01, 0.01) for rate in (24000, 48000) for f in (5000, 6800, 7000)),
        *((rate, 7500, -1.0, -0.8) for rate in (24000, 48000)),
    ],
)
def test_a_tone_keeps_its_level(rate: int, frequency: int, lowest: float, highest: float) -> None:
    made = pushed(Resampler(rate), tone(frequency))
    assert lowest <= level(made[rate // 16 :], frequency, rate) <= highest


@pytest.mark.parametrize("rate", [24000, 48000])
@pytest.mark.parametrize("frequency", [500, 3000, 6800, 7000])
def test_a_higher_rate_has_no_images(rate: int, frequency: int) -> None:
    made = pushed(Resampler(rate), tone(frequency))
    assert level(made[rate // 16 :], 16000 - frequency, rate) < -70


@pytest.mark.parametrize("frequency", [4500, 5000, 6500, 7900])
def test_a_lower_rate_has_no_aliases(frequency: int) -> None:
    made = pushed(Resampler(8000), tone(frequency))
    assert level(made[500:], 8000 - frequency, 8000) < -70


@pytest.mark.parametrize("rate", RATES)
def test_a_square_of_full_scale_is_clipped_and_does_not_wrap(rate: int) -> None:
    square = ([32767] * 40 + [-32768] * 40) * 10
    made = pushed(Resampler(rate), square)
    assert max(made) == 32767
    assert min(made) == -32768
    # Behind the delay each half keeps its sign, but for the edges.
    middle = [made[(20 + 40 * i + Resampler(rate).delay) * rate // 16000] for i in range(18)]
    assert [each > 0 for each in middle] == [i % 2 == 0 for i in range(18)]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("loudest", [32767, 12000])
def test_each_sample_is_the_sum_of_the_responses_to_each_input(rate: int, loudest: int) -> None:
    """A click of -32768 is answered by the weights themselves, exactly, with the sign changed."""
    length, rng = 150, Random(rate + loudest)
    weights = [
        pushed(Resampler(rate), [-32768 if i == at else 0 for i in range(length)])
        for at in range(length)
    ]
    audio = [rng.choice((rng.randint(-loudest, loudest), -loudest, loudest)) for _ in range(length)]
    sums = [
        sum(-answer[n] * sample for answer, sample in zip(weights, audio, strict=True))
        for n in range(len(weights[0]))
    ]
    exact = [(each + 0x4000) >> 15 for each in sums]
    assert pushed(Resampler(rate), audio) == [max(-32768, min(each, 32767)) for each in exact]
    assert (max(map(abs, exact)) > 32768) is (loudest == 32767), "one of the two is clipped"


def test_a_rate_that_no_backend_wants_is_refused() -> None:
    with pytest.raises(KeyError):
        Resampler(44100)
