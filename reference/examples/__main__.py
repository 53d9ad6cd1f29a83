"""python -m reference.examples NAME: run a worked example or an experiment, and show what came of it."""

import argparse
import importlib.util
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from reference.examples import experiments, networks, text
from reference.examples.result import Example, Settings

EXAMPLES: Mapping[str, Example] = {
    "iris": networks.iris,
    "lenet": networks.lenet,
    "slots": networks.slots,
    "gan": networks.gan,
    "characters": text.characters,
    "words": text.words,
    "copy": text.copy,
    "ctc": text.ctc,
}
EXPERIMENTS: Mapping[str, Example] = {
    "vanishing": experiments.vanishing,
    "bptt-bound": experiments.bptt_bound,
    "residual": experiments.residual,
    "trajectories": experiments.trajectories,
    "universality": experiments.universality,
    "one-pixel": experiments.one_pixel,
}


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line names; 0 when it ran, 2 for a usage error."""
    everything = {**EXAMPLES, **EXPERIMENTS}
    about = "\n".join(f"  {name:13} {(run.__doc__ or '').splitlines()[0]}" for name, run in everything.items())
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m reference.examples", description=about, formatter_class=form)
    parser.add_argument("name", choices=[*everything], metavar="NAME")
    parser.add_argument("--small", action="store_true", help="a size of seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mnist", default="", metavar="FOLDER", help="MNIST's IDX files, for lenet")
    parser.add_argument("--out", type=Path, default=Path("."), metavar="FOLDER", help="where the picture goes")
    options = parser.parse_args(arguments)
    settings = Settings(options.small, options.seed, options.mnist)
    for library in ("rich", "matplotlib", "sklearn"):
        if importlib.util.find_spec(library) is None:
            parser.error(f"{library} is not installed: pip install 'backcheck[examples]'")
    from reference.examples.show import picture, progress_bar

    start = time.perf_counter()
    try:
        with progress_bar(options.name) as tick:
            result = everything[options.name](settings, tick)
    except ValueError as error:
        parser.error(str(error))
    seconds = time.perf_counter() - start
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{options.name}.png"
    picture(options.name, result, path)
    for line in (*result.lines, f"{options.name}: {result.metric} {result.value:.4g}, in {seconds:.1f} s; {path}"):
        sys.stdout.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
