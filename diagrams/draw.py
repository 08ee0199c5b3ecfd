"""Draw everything in this folder anew from the machine: ``make diagrams``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from openline.journal.reader import read
from openline.session import TABLE
from openline_diagrams import (
    CONTRACTS,
    DARK,
    contract,
    dot,
    markdown,
    mermaid,
    model,
    policy_table,
    scxml,
    sequence,
    sequence_mermaid,
    sequence_svg,
    svg,
    timer_table,
    verdict_table,
    xstate,
)
from openline_diagrams.checked import checked, promela, thinned, tla

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # a script finds only its own folder

from tests.core.scenarios import SCENES, record  # noqa: E402  # needs the path

TITLE = "openline: the states of a session"
SCENE = """
### {title}

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="scenes/{name}-dark.svg">
  <img alt="{about}" src="scenes/{name}.svg" width="800">
</picture>

The same [in Mermaid](scenes/{name}.mmd), the picture [for light pages](scenes/{name}.svg) and
[for dark ones](scenes/{name}-dark.svg).
"""
PICTURE = """<picture>
  <source media="(prefers-color-scheme: dark)" srcset="chart-dark.svg">
  <img alt="The states of a session and every way from one to another" src="chart.svg" width="800">
</picture>
"""
README = """# Drawn from the machine

Everything here is made by `make diagrams` from the chart, the tables and the policy that the code
runs on; a test fails when a file is not what the machine draws. `openline diagram` draws the same
for your own pages.

| what | file |
| --- | --- |
| The chart, as a picture | [chart.svg](chart.svg) |
| for dark pages | [chart-dark.svg](chart-dark.svg) |
| for Graphviz, every place given | [chart.dot](chart.dot) |
| for Mermaid, which GitHub draws | [chart.mmd](chart.mmd) |
| as a table of every transition | [chart.md](chart.md) |
| as JSON for XState v5 | [chart.xstate.json](chart.xstate.json) |
| as SCXML | [chart.scxml](chart.scxml) |
| as a model for the checker spin, in Promela | [chart.pml](chart.pml) |
| the same as a TLA+ module | [chart.tla](chart.tla) |
| What every ending of a connection means | [verdicts.md](verdicts.md) |
| Every timing and limit | [policy.md](policy.md) |
| Every timer | [timers.md](timers.md) |
{contracts}

## The states of a session

The happy path runs down. A transition that several states share is drawn once, from the frame
around them: a lost socket leads from every dialled state to reconnecting. The transitions that end
a session stand on the right, under their states. A line on the left of the path leaves from the
part of a box that names the state it leads to: a connection that is replaced leads from draining
back to connecting.

{picture}
## What happens when …

The pure core played each of these sessions in virtual time with an ideal backend that breaks the
contract in one place. The drawing is made from the session's journal. The band on the line of
openline is its state, with the timers of the state; repeated items are drawn once.
`openline diagram --journal FILE` draws your own session.
{scenes}"""


def scenes() -> Iterator[tuple[str, str]]:
    """File name and text of every scene, played anew."""
    for name, scene in SCENES.items():
        [journal] = read(record(name).splitlines(keepends=True))
        seq = sequence(journal, title=scene.title, about=scene.about)
        yield f"scenes/{name}.svg", sequence_svg(seq)
        yield f"scenes/{name}-dark.svg", sequence_svg(seq, DARK)
        yield f"scenes/{name}.mmd", sequence_mermaid(seq)


def drawings() -> dict[str, str]:
    """File name → text of every drawing."""
    drawing = model(TABLE)
    whole = thinned(checked(TABLE))
    light, dark = dot(drawing), dot(drawing, DARK)
    pages = {
        "chart.md": ("The chart", f"{PICTURE}\n{markdown(drawing, TABLE)}"),
        "verdicts.md": ("What an ending means", verdict_table()),
        "policy.md": ("The policy", f"Durations are seconds.\n\n{policy_table()}"),
        "timers.md": ("The timers", timer_table()),
    }
    for name, spec in CONTRACTS.items():
        pages[f"{name}.md"] = (f"The {name} dialect", contract(spec))
    contracts = [
        f"| The contract of the {name} dialect | [{name}.md]({name}.md) |" for name in CONTRACTS
    ]
    return {
        "README.md": README.format(
            contracts="\n".join(contracts),
            picture=PICTURE,
            scenes="".join(
                SCENE.format(name=name, title=scene.title, about=scene.about)
                for name, scene in SCENES.items()
            ),
        ),
        "chart.dot": light,
        "chart.svg": svg(light, title=TITLE),
        "chart-dark.svg": svg(dark, title=TITLE),
        "chart.mmd": mermaid(drawing),
        "chart.xstate.json": xstate(drawing, TABLE),
        "chart.scxml": scxml(drawing, TABLE),
        "chart.pml": promela(whole),
        "chart.tla": tla(whole),
        **dict(scenes()),
        **{
            name: f"# {title}\n\nMade from the machine by `make diagrams`.\n\n{text}"
            for name, (title, text) in pages.items()
        },
    }


if __name__ == "__main__":
    (HERE / "scenes").mkdir(exist_ok=True)
    for name, text in drawings().items():
        (HERE / name).write_text(text, encoding="utf-8")
