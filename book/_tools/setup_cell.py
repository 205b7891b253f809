#@title Set-up: run this cell first, it takes about a minute
# Installs the package of the book where it is missing, as in Colab. torch, numpy,
# transformers and pyarrow stay as they are, so nothing has to be restarted. Colab
# gives this notebook a T4 GPU if it can; without one the small models are taken.
import importlib, os, subprocess, sys, tempfile
from importlib import metadata, util

CHANGE = "Choose Runtime > Change runtime type >"
LATEST = f"This runtime is too old for the book. {CHANGE} Runtime version: Latest."
MEANING = {  # of what pip says
    "did not match any file": "There is no version @TAG@. Open a notebook of the book anew.",
    "fatal: ": "The repository cannot be reached. Look at the network.",
    "ResolutionImpossible": LATEST,
    "connection broken": "No package index can be reached. Look at the network.",
}

class SetUpError(Exception):
    def _render_traceback_(self):  # IPython shows this and no traceback
        return [str(self)]

def stop(sentence):
    raise SetUpError(f"The set-up has stopped. {sentence} Then run this cell again.")

def install(package, *kept):
    here = [name for name in kept if util.find_spec(name)]
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/keep.txt", "w") as keep:
            keep.writelines(f"{name}=={metadata.version(name)}\n" for name in here)
        pip = [sys.executable, "-m", "pip", "install", "-q", "-c", keep.name, package]
        quiet = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        done = subprocess.run(pip, capture_output=True, text=True, env=quiet)
    if done.returncode:
        for words in (words for words in MEANING if words in done.stderr):
            stop(MEANING[words])
        stop(f"pip failed: {done.stderr[-800:].strip()} Choose Runtime > Restart session.")

missing, colab = util.find_spec("plip_tutorial") is None, "COLAB_RELEASE_TAG" in os.environ
if missing and sys.version_info < (@PYTHON@):
    stop(LATEST)
if colab and os.environ.get("PLIP_TUTORIAL_TRACK", "").strip().lower() == "full":
    import torch
    if not torch.cuda.is_available():
        stop(f"PLIP_TUTORIAL_TRACK=full needs a GPU, and here is none. {CHANGE} T4 GPU.")
if missing:
    install("@PACKAGE@", "torch", "numpy", "transformers", "pyarrow")
    importlib.invalidate_caches()
if missing or colab:
    try:
        import plip_tutorial.artifacts, plip_tutorial.plots, peft, faiss
    except Exception as error:
        stop(f"What was installed does not work: {error}. Choose Runtime > Restart session.")
