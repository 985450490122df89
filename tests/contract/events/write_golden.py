"""Write the golden file of every event version from its sample."""

import json
from pathlib import Path

from tests.contract.events.samples import SAMPLES

EXAMPLES = Path(__file__).parents[3] / "shared/contracts/examples"


def main() -> None:
    """Write them all; the difference is reviewed like code."""
    EXAMPLES.mkdir(exist_ok=True)
    for name, event in SAMPLES.items():
        text = json.dumps(json.loads(event.model_dump_json()), indent=2) + "\n"
        (EXAMPLES / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main()
