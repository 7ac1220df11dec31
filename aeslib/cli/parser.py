"""Words and options: read and checked before anything starts, with the nearest right one for each wrong one."""

import argparse
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from aeslib.cli import streams
from aeslib.errors import AeslibError, ParameterError, unknown
from aeslib.paths import check_folder
from aeslib.profiles import get_profile, with_base_seed

ANSWERED = 10
"""Exit code of `--check` when the words needed no set-up and have been answered already."""
CLUSTERS = {"slurm": ("sbatch", "squeue", "scancel", "sinfo", "scontrol", "sacct")}
"""Kind of cluster → its commands that a run calls, itself or through Snakemake's plugin."""
CHAPTERS = {"elta": "1*", "aesmamba": "2*", "taskvec": "3*", "mtcnn": "4*", "aestheticnet": "5*"}
"""Key of a paper → the pattern of its notebooks' names."""
LEDGER = "60_*"
Options = argparse.Namespace


@dataclass(frozen=True)
class Option:
    """One option of a command."""

    flags: tuple[str, ...]
    help: str
    metavar: str | None = None
    default: str | None = None
    many: bool = False


PROFILE = Option(
    ("--profile",),
    "smoke (minutes), default (a first look), night (hours) or paper (GPU, real images)",
    "NAME",
    "default",
)
BASE_SEED = Option(("--base-seed",), "moves every seed; its results are kept apart as PROFILE-seedN", "N", "0")
KEY = Option(("--key",), "of the run's plan, which the job has to fit", "KEY")
TORCH = Option(
    ("--torch-backend",), "run_all.sh only: which build of torch the set-up installs (cpu, cu130, auto)", "X"
)


@dataclass(frozen=True)
class Command:
    """One word: what it does, which arguments it takes, and where its code is ("module:function")."""

    help: str
    code: str
    options: tuple[Option, ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()
    """Name and argparse's `nargs` ("" for exactly one)."""
    rest: str = ""
    """What may follow after `--`."""
    bare: bool = False
    """Needs no environment: runs with the standard library."""
    hidden: bool = False
    """Called by the Snakefile rather than by people."""


COMMANDS = {
    "report": Command(
        "run the notebooks and build the report (the default word)",
        "run:report",
        (
            PROFILE,
            BASE_SEED,
            Option(("--only",), "notebooks whose name matches, such as '02*' or '1*,60*'", "GLOB", "*"),
            Option(("--papers",), "these papers' notebooks and the ledger, such as elta,aesmamba", "KEYS"),
            Option(("--cores",), "notebooks at a time (default: one per core; on a cluster all)", "N"),
            Option(("--dry-run",), "say what would run, and why"),
            Option(("--force",), "run also what is up to date"),
            Option(("--cluster",), "submit the jobs to a cluster: slurm", "NAME"),
            Option(("--partition",), "of the cluster (default: its own default)", "NAME"),
            Option(("--account",), "that the cluster charges (default: that of your latest jobs)", "NAME"),
            Option(("--resume",), "go on where a run was; on a cluster, cancel what it left in the queue"),
        ),
    ),
    "test": Command("lint, type-check and test", "commands:test", rest="arguments of pytest"),
    "lab": Command("open the notebooks in JupyterLab", "commands:lab", rest="arguments of jupyter lab"),
    "data": Command(
        "data sets: status | verify KEY | fetch KEY",
        "commands:data",
        (Option(("--accept-terms",), "fetch: you have read the owners' terms and agree"),),
        (("action", ""), ("key", "?")),
    ),
    "weights": Command(
        "published weights: status | verify NAME | fetch NAME",
        "commands:weights",
        (Option(("--set-up",), "fetch: what the default run uses, in place of NAME; as the set-up does, once"),),
        (("action", ""), ("name", "?")),
    ),
    "claims": Command(
        "the papers' claims with what was found; diff A B: which verdicts differ between two profiles or ledgers",
        "commands:claims",
        (
            PROFILE,
            BASE_SEED,
            Option(("--paper",), "only this paper", "KEY"),
            Option(("--verdict",), "only this verdict", "WORDS"),
            Option(("--item",), "only claims about this table or figure, such as elta.T1", "ITEM"),
        ),
        (("action", "?"), ("first", "?"), ("second", "?")),
    ),
    "review": Command(
        "judge one claim or item with the evidence that a time allows, or compare two receipts",
        "review:review",
        (
            Option(("--minutes",), "for runs that are not up to date", "N", "10"),
            Option(("--tolerance",), "of numbers of two receipts, relative", "X", "0.01"),
        ),
        (("target", ""), ("other", "?")),
    ),
    "clean": Command("remove results and artifacts", "clean:clean", bare=True),
    "help": Command("this text", "parser:show_help", bare=True),
    "notebook": Command(
        "run one notebook",
        "notebook:main",
        (PROFILE, KEY, Option(("-p", "--parameter"), "set a parameter", "NAME=VALUE", many=True)),
        (("name", ""),),
        hidden=True,
    ),
    "book": Command("build the report from what has run", "book:main", (PROFILE, KEY), hidden=True),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise ParameterError(f"{message}. See `./run_all.sh help`.")


def parser_for(word: str) -> argparse.ArgumentParser:
    """The argparse parser of one command."""
    command = COMMANDS[word]
    parser = _Parser(prog=f"run_all.sh {word}", description=command.help, allow_abbrev=False)
    for name, nargs in command.arguments:
        parser.add_argument(name, nargs=nargs or None)
    for option in (*command.options, TORCH):
        if option.metavar is None:
            parser.add_argument(*option.flags, help=option.help, action="store_true")
        else:
            action = "append" if option.many else "store"
            parser.add_argument(
                *option.flags, help=option.help, metavar=option.metavar, default=option.default, action=action
            )
    return parser


def parse(words: Sequence[str]) -> tuple[Command, Options]:
    """The command and its checked options.

    Raises:
        ParameterError: for a wrong word, option or value; names the nearest right one.
    """
    word, *others = words if words and not words[0].startswith("-") else ["report", *words]
    if word not in COMMANDS:
        raise unknown("command", word, [name for name, command in COMMANDS.items() if not command.hidden])
    command, rest = COMMANDS[word], []
    if command.rest and "--" in others:
        rest = others[others.index("--") + 1 :]
        others = others[: others.index("--")]
    parser = parser_for(word)
    options, strange = parser.parse_known_args(others)
    if strange:
        known = [flag for option in command.options for flag in option.flags]
        raise unknown(f"option of {word}", strange[0].partition("=")[0], [*known, "--help"])
    options.rest = rest
    check(options)
    return command, options


def check(options: Options) -> None:
    """Raise `ParameterError` for a value that cannot be used; turns `--cores` and amounts into numbers."""
    if "profile" in options:
        check_profile(options)
    if "papers" in options and options.papers is not None:
        options.only = chapters_of(options.papers, options.only)
    if "cores" in options and options.cores is not None:
        if not re.fullmatch("[1-9][0-9]*", options.cores):
            raise ParameterError(f"--cores is {options.cores!r}; expected a whole number, 1 or more.")
        options.cores = int(options.cores)
    if "cluster" in options:
        check_cluster(options)
    if options.torch_backend is not None and not re.fullmatch(r"auto|cpu|xpu|(cu|rocm)\d[\d.]*", options.torch_backend):
        raise ParameterError(
            f"--torch-backend is {options.torch_backend!r}; expected auto, cpu, xpu, cuNNN or rocmN.N."
        )
    for name in ("minutes", "tolerance"):
        if name in options:
            setattr(options, name, amount(name, getattr(options, name)))
    if "first" in options:
        check_diff(options)
    elif "action" in options:
        check_action(options)


def check_action(options: Options) -> None:
    """Raise `ParameterError` for a wrong second word of `data` or `weights`, or one that lacks its third."""
    word, noun, example = ("weights", "name", "a name, such as efficientnet_lite0")
    if "key" in options:
        word, noun, example = ("data", "key", "the key of a data set, such as aadb")
    name = getattr(options, noun)
    actions = ("status", "verify", "fetch")
    if options.action not in actions:
        raise unknown(f"{word} command", options.action, actions)
    every = options.action == "status" or (options.action == "fetch" and getattr(options, "set_up", False))
    if (name is None) != every:
        need = f"takes no {noun}" if name else f"needs {example}"
        raise ParameterError(f"{word} {options.action} {need}.")


def check_diff(options: Options) -> None:
    """Raise `ParameterError` unless `claims` stands alone or is followed by `diff` and two ledgers."""
    if options.action not in (None, "diff"):
        raise unknown("action of claims", options.action, ["diff"])
    if options.action == "diff" and options.second is None:
        raise ParameterError("claims diff needs two ledgers: profiles such as default and night-seed1, or files.")


def check_profile(options: Options) -> None:
    """Add the base seed to the profile's name; raise `ParameterError` for one of them that cannot be used."""
    base_seed = getattr(options, "base_seed", "0")
    if not re.fullmatch("[0-9]{1,9}", base_seed):
        raise ParameterError(f"--base-seed is {base_seed!r}; expected a whole number, 0 or more.")
    options.profile = with_base_seed(options.profile, int(base_seed))
    get_profile(options.profile)


def chapters_of(papers: str, only: str) -> str:
    """Return the pattern of the notebooks of some papers and of the ledger, such as "1*,2*,60_*".

    Raises:
        ParameterError: for a key that is no paper's, or where `--only` is given as well.
    """
    if only != "*":
        raise ParameterError("--papers and --only both choose notebooks; give one of them.")
    for key in papers.split(","):
        if key not in CHAPTERS:
            raise unknown("paper", key, CHAPTERS)
    return ",".join([*(CHAPTERS[key] for key in dict.fromkeys(papers.split(","))), LEDGER])


def check_cluster(options: Options) -> None:
    """Raise `ParameterError` for a cluster that is not known or cannot be reached from this machine."""
    if options.cluster is None:
        for name in ("partition", "account"):
            if getattr(options, name) is not None:
                raise ParameterError(f"--{name} belongs to a cluster; add --cluster slurm.")
        return
    if options.cluster not in CLUSTERS:
        raise unknown("cluster", options.cluster, CLUSTERS)
    if absent := [name for name in CLUSTERS[options.cluster] if shutil.which(name) is None]:
        raise ParameterError(
            f"--cluster {options.cluster} needs {', '.join(absent)}, not found here; "
            "run it on a machine that submits jobs, such as the cluster's login node."
        )


def amount(name: str, text: str) -> float:
    """A number, 0 or more."""
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ParameterError(f"--{name} is {text!r}; expected a number, 0 or more.")
    return float(text)


def show_help(_: Options) -> int:
    """Print all words with their options."""
    print("usage: ./run_all.sh [WORD] [OPTIONS]      or: python -m aeslib [WORD] [OPTIONS]\n")
    for word, command in COMMANDS.items():
        if command.hidden:
            continue
        print(f"  {word:8} {command.help}")
        rest = [Option(("-- ...",), command.rest)] if command.rest else []
        for option in (*command.options, *rest):
            print(f"             {' '.join(filter(None, (option.flags[-1], option.metavar))):20} {option.help}")
    print(f"\nSet-up (any word): --torch-backend X   {TORCH.help.partition(': ')[2]}")
    print("Real data are looked for under $AESLIB_DATA; `./run_all.sh data status` says what is there.")
    print("Weights are looked for in $AESLIB_WEIGHTS, then in the cache folder: `./run_all.sh weights status`.")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (2: wrong words, 1: something failed, 130: stopped, 141: not read on)."""
    words = list(sys.argv[1:] if argv is None else argv)
    streams.print_anything()
    try:
        code = run_command(words)
        sys.stdout.flush()
    except SystemExit as end:  # argparse has printed a command's --help
        return ANSWERED if words[:1] == ["--check"] and not end.code else int(end.code or 0)
    except AeslibError as error:
        print(f"aeslib: {error}", file=sys.stderr)
        return 2 if isinstance(error, ParameterError) else 1
    except KeyboardInterrupt:
        print("aeslib: stopped; what is finished is kept, run again to go on.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        if not streams.reader_is_gone():
            raise
        return streams.UNREAD
    except OSError as error:
        if not streams.is_full(error):
            raise
        print(f"aeslib: the output cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    return code


def run_command(words: Sequence[str]) -> int:
    """Run one command; `--check` before it only asks whether it needs the environment (0), else runs it (10)."""
    checking = words[:1] == ["--check"]
    command, options = parse(words[checking:])
    if checking and not command.bare:
        return 0
    if options.torch_backend is not None and not checking:
        raise ParameterError("--torch-backend belongs to the set-up: `./run_all.sh --torch-backend X`.")
    check_folder()
    module, _, function = command.code.partition(":")
    run: Callable[[Options], int] = getattr(import_module(f"aeslib.cli.{module}"), function)
    return run(options) or (ANSWERED if checking else 0)
