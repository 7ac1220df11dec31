"""Every wrong word is refused with one line that names it and the nearest right one, before anything starts."""

import shutil
import subprocess
import sys

import pytest

from aeslib.cli import main
from aeslib.cli.parser import ANSWERED, COMMANDS, parse
from aeslib.paths import ROOT

REPORT = (
    "Known: --profile, --base-seed, --only, --papers, --cores, --dry-run, --force, --cluster, --partition, --account, "
    "--resume, --help."
)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("rprot", "no command named 'rprot'. Did you mean 'report'? "
         "Known: report, test, lab, data, weights, claims, review, clean, help."),
        ("xyz", "no command named 'xyz'. Known: report, test, lab, data, weights, claims, review, clean, help."),
        ("--profil smoke", f"no option of report named '--profil'. Did you mean '--profile'? {REPORT}"),
        ("report --dry", f"no option of report named '--dry'. Did you mean '--dry-run'? {REPORT}"),
        ("report --ony=02*", f"no option of report named '--ony'. Did you mean '--only'? {REPORT}"),
        ("report smoke", f"no option of report named 'smoke'. {REPORT}"),
        ("--profile smok", "no profile named 'smok'. Did you mean 'smoke'? Known: smoke, default, night, paper."),
        ("--base-seed -1", "--base-seed is '-1'; expected a whole number, 0 or more."),
        ("--base-seed two", "--base-seed is 'two'; expected a whole number, 0 or more."),
        ("--papers elta,aesmmba", "no paper named 'aesmmba'. Did you mean 'aesmamba'? "
         "Known: elta, aesmamba, taskvec, mtcnn, aestheticnet."),
        ("--papers elta --only 1*", "--papers and --only both choose notebooks; give one of them."),
        ("--only 02*,9*", "no notebook named '9*'. Known: "),
        ("report --cores 0", "--cores is '0'; expected a whole number, 1 or more."),
        ("report --cores two", "--cores is 'two'; expected a whole number, 1 or more."),
        ("report --cluster slrum", "no cluster named 'slrum'. Did you mean 'slurm'? Known: slurm."),
        ("report --partition gpu", "--partition belongs to a cluster; add --cluster slurm."),
        ("report --account lab7", "--account belongs to a cluster; add --cluster slurm."),
        ("report --profile", "argument --profile: expected one argument. See `./run_all.sh help`."),
        ("--torch-backend cuda",
         "--torch-backend is 'cuda'; expected auto, cpu, xpu, cuNNN or rocmN.N."),
        ("--torch-backend cpu", "--torch-backend belongs to the set-up: `./run_all.sh --torch-backend X`."),
        ("data", "the following arguments are required: action. See `./run_all.sh help`."),
        ("data verfy aadb", "no data command named 'verfy'. Did you mean 'verify'? Known: status, verify, fetch."),
        ("data verify", "data verify needs the key of a data set, such as aadb."),
        ("data status aadb", "data status takes no key."),
        ("data verify aabd", "no data set named 'aabd'. Did you mean 'aadb'? Known: ava, aadb, tad66k, para, eva, "
         "photonet, ava_captions, photonet_captions, flickr_aes, real_cur, koniq10k, spaq, tid2013, oasis_beauty."),
        ("data fetch aadb --acept-terms",
         "no option of data named '--acept-terms'. Did you mean '--accept-terms'? Known: --accept-terms, --help."),
        ("weights fetsh minilm",
         "no weights command named 'fetsh'. Did you mean 'fetch'? Known: status, verify, fetch."),
        ("weights fetch", "weights fetch needs a name, such as efficientnet_lite0."),
        ("weights verify --set-up", "weights verify needs a name, such as efficientnet_lite0."),
        ("weights fetch minilm --set-up", "weights fetch takes no name."),
        ("weights status minilm", "weights status takes no name."),
        ("weights fetch minlim", "no set of weights named 'minlim'. Did you mean 'minilm'? Known: efficientnet_lite0, "
         "efficientnet_lite1, efficientnet_lite2, minilm, vgg16_conv, vgg16."),
        ("claims --paper etla", "no paper named 'etla'. Did you mean 'elta'? "
         "Known: elta, aesmamba, taskvec, mtcnn, aestheticnet, cross."),
        ("claims dif a b", "no action of claims named 'dif'. Did you mean 'diff'? Known: diff."),
        ("claims diff night", "claims diff needs two ledgers: profiles such as default and night-seed1, or files."),
        ("notebook 1_one", None),
    ],
)  # fmt: skip
def test_wrong_words(words, message, capsys):
    assert main(words.split()) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    if message is not None:
        assert error.startswith(f"aeslib: {message}")
        assert message.endswith(": ") or error == f"aeslib: {message}\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", {"profile": "default", "only": "*", "cores": None, "dry_run": False, "force": False,
              "cluster": None, "partition": None, "account": None, "resume": False}),
        ("--profile smoke", {"profile": "smoke"}),
        ("report --only 02* --cores 3 --dry-run --force",
         {"only": "02*", "cores": 3, "dry_run": True, "force": True}),
        ("--base-seed 0", {"profile": "default"}),
        ("--profile night --base-seed 2 --papers elta,aesmamba",
         {"profile": "night-seed2", "only": "1*,2*,60_*"}),
        ("claims --profile night --base-seed 2", {"profile": "night-seed2"}),
        ("notebook 02 --profile night-seed2", {"profile": "night-seed2"}),
        ("--resume", {"resume": True, "cluster": None}),
        ("test -- -k ledger -x", {"rest": ["-k", "ledger", "-x"]}),
        ("lab -- --no-browser", {"rest": ["--no-browser"]}),
        ("data status", {"action": "status", "key": None, "accept_terms": False}),
        ("data fetch eva --accept-terms", {"action": "fetch", "key": "eva", "accept_terms": True}),
        ("weights fetch minilm", {"action": "fetch", "name": "minilm", "set_up": False}),
        ("weights fetch --set-up", {"action": "fetch", "name": None, "set_up": True}),
        ("claims --paper elta --item elta.T1", {"paper": "elta", "item": "elta.T1", "verdict": None}),
        ("notebook 02 -p SEED=3 -p NAME=x", {"name": "02", "parameter": ["SEED=3", "NAME=x"], "profile": "default"}),
        ("report --torch-backend cu130", {"torch_backend": "cu130"}),
        ("report --torch-backend rocm6.4", {"torch_backend": "rocm6.4"}),
    ],
)  # fmt: skip
def test_right_words(words, expected):
    options = vars(parse(words.split())[1])
    assert {name: options[name] for name in expected} == expected


def test_a_cluster_is_refused_where_its_commands_are_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("sbatch", "scancel", "sinfo", "scontrol", "sacct"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    for checking in ([], ["--check"]):  # before the set-up, too
        assert main([*checking, "report", "--cluster", "slurm"]) == 2
        assert capsys.readouterr().err == (
            "aeslib: --cluster slurm needs squeue, not found here; "
            "run it on a machine that submits jobs, such as the cluster's login node.\n"
        )
    shutil.copy(tmp_path / "sinfo", tmp_path / "squeue")
    options = vars(parse(["--cluster", "slurm", "--partition", "gpu", "--resume"])[1])
    assert [options[name] for name in ("cluster", "partition", "resume")] == ["slurm", "gpu", True]


def test_help_lists_every_word_and_option(capsys):
    assert main(["help"]) == 0
    text = capsys.readouterr().out
    for word, command in COMMANDS.items():
        assert (f"  {word:8} {command.help}\n" in text) is not command.hidden
        assert command.hidden or all(option.flags[-1] in text for option in command.options)


@pytest.mark.parametrize(
    ("words", "code"),
    [(["report"], 0), (["help"], ANSWERED), (["claims", "--help"], ANSWERED), (["clean"], ANSWERED), (["tst"], 2)],
)
def test_check_says_whether_a_set_up_is_needed(words, code):
    assert main(["--check", *words]) == code


def test_checking_words_needs_the_standard_library_only():
    """`run_all.sh` checks them with the system's Python, before there is an environment."""
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
         "from aeslib.cli import main; sys.exit(main(['--check', 'report', '--profile', 'smoke']))"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
