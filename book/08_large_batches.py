# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8 · Large batches
#
# **Are four small batches as good as a large one, and what if the large one does not fit?**
#
# @way@
#
# - **Time:** @time@
# - **Learn:** to compute the gradient of a batch of any size in small pieces, and to check that it is the right one.
# - **Need:** the loss and its table from {doc}`01_pairs_and_a_loss`, and one step of the training from
#   {doc}`07_fine_tuning`.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("08_large_batches")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two square tables of 64 pictures and 64 captions. The left one is filled, with a brighter diagonal. Of the right one only four squares along the diagonal are filled, all else is black."}, "figure": {"caption": "What a loss compares: 64 pictures (rows) with 64 captions (columns), by the tiny PLIP. The brighter, the more alike. Black cells are never asked.", "name": "fig-08-blocks"}}
import numpy as np
from matplotlib.cm import magma
from plip_tutorial import PLIP, artifacts, plots, tracks

ours, some = artifacts.followed(), artifacts.training_pairs().shuffle(seed=0)
plip = PLIP(artifacts.checkpoint(tracks.current().plip), precision="float32")
seen = plip.encode_images([ours.image, *some[:63]["image"]])
cosines = seen @ plip.encode_text([ours.text, *some[:63]["text"]]).T
whole, four = np.ones((64, 64)), np.kron(np.eye(4), np.ones((16, 16)))
plots.gallery([magma(mask * (0.3 + cosines)) for mask in (whole, four)])

# %% [markdown]
# Left, one batch of 64 pairs. Right, the same pairs in four batches of 16. The four fill a quarter of the cells and ask
# easier questions: each picture chooses among 16 captions instead of 64.

# %%
for name, mask in {"one batch": whole, "four batches": four}.items():
    first = np.where(mask, cosines, -1).argmax(axis=1) == range(64)
    print(f"{name:12} {mask.sum():5.0f} cells,",
          f"{first.mean():.0%} of the pictures find their caption first")

# %% tags=["claim", "remove-cell"]
claim("fill a quarter of the cells", four.sum() / whole.sum(), "==", 0.25)
claim("and ask easier questions", (np.where(four, cosines, -1).argmax(1) == range(64)).mean()
      - (cosines.argmax(1) == range(64)).mean(), ">", 0.1)

# %% [markdown]
# The model is the same, and so are the pairs. Only the question differs. Does that matter for the training? And if it
# does, what can be done on a machine that has no room for the left table?
#
# ## Why the batch matters
#
# **The other pairs of the batch are the wrong answers, so the batch decides how hard the question is.** Elsewhere a
# larger batch only makes a gradient less noisy. Here it makes another gradient. Take the pair that this book follows
# and hold its picture against more and more captions. We expect its own caption to stay ahead, but with less and less
# certainty.

# %%
from plip_tutorial import zero_shot
from plip_tutorial.studies import sweep

words, rivals = [ours.text, *some[:1023]["text"]], {}
row = seen[:1] @ plip.encode_text(words).T
for n in (2, 16, 64, 256, 1024):
    share = zero_shot.probabilities(row[:, :n], plip.logit_scale)[0]
    rivals[n] = words[1 + share[1:].argmax()]
    print(f"{n:4} captions: own {share[0]:3.0%}, then {rivals[n][:46]!r}")

# %% tags=["claim", "remove-cell"]
claim("Our caption stays first throughout", row[0, 1:].max() - row[0, 0], "<", 0)
claim("among 1,024 captions others come so close that little of the share is left", share[0], "<", 0.05)
claim("a remark that names no tissue", rivals[256], "==", "Ineresting case from today's sign-out.")

# %% tags=["claim", "remove-cell"]
claim("it speaks of fat, though in the same organ",
      [word in rivals[1024] for word in ("adipocytes", "sigmoid")], "==", True)

# %% [markdown]
# Our caption stays first throughout, but among 1,024 captions others come so close that little of the share is left.
# The loss pulls a picture with a force of 1 minus the share of its caption, so a pair that teaches nothing more among
# few captions still teaches something among many.
#
# Look at the rivals. A benign lesion of the colon is a good wrong answer: telling it apart is pathology. With 256
# captions the nearest rival is a remark that names no tissue, and fits every picture. With 1,024 it speaks of fat,
# though in the same organ. Others would fit our picture as well as its own caption does:
# {term}`false negatives <false negative>`, of which a large batch has more ({doc}`02_temperature_and_batches`).
#
# Does a large batch pay? A study of this book (`make sweep`) trained models in steps of 64 pairs, all alike but for one
# thing: the loss compared the pairs of a step in parts of 4, of 16, or all 64. Each was trained with three seeds. We
# read what it wrote: how often a right partner of a held-out pair is among the ten nearest, and the weighted F1, a
# score from 0 to 1 for naming tissue ({doc}`09_many_models` writes down both). Each list is sorted, so a column is no
# seed.

# %%
from plip_tutorial.metrics import choosing, confusion

truth = artifacts.benchmark_of(tracks.TINY, sweep.TEST)["label"]
recall, f1 = {4: [], 16: [], 64: []}, {4: [], 16: [], 64: []}
for run in (row for row in sweep.load().results if row["study"] == "batch"):
    table = choosing.matrices(run["predictions"], truth)
    recall[run["compared"]].append(run["validation_recall"])
    f1[run["compared"]].append(float(confusion.weighted_f1(table)))
for n in recall:
    print(f"{n:2} compared: recall at 10", np.round(sorted(recall[n]), 3),
          "weighted F1", np.round(sorted(f1[n]), 3))

# %% tags=["claim", "remove-cell"]
claim("each seed with 64 is ahead of each seed with 4", min(recall[64]) - max(recall[4]), ">", 0.003)
claim("the ranges of F1 overlap", max(map(min, f1.values())) - min(map(max, f1.values())), "<", 0)
claim("none of them is good yet", list(f1.values()), "<", 0.25)

# %% tags=["claim", "remove-cell"]
claim("the seed counts for more than the batch",
      max(map(np.ptp, f1.values())) - np.ptp([np.mean(scores) for scores in f1.values()]), ">", 0)
claim("speaks for larger batches, but not loudly", np.mean(recall[64]) - np.mean(recall[4]), "between", (0.005, 0.03))

# %% tags=["claim", "remove-cell"]
claim("a random order finds 0.047", np.mean([1 - np.prod(1 - k / (len(g) - np.arange(10))) for g in [
    np.array([i for i in artifacts.corpus()["group_id"] if i % 10 == 0])] for k in (g[:, None] == g).sum(axis=1)]),
      "about", 0.047, margin=0.0005)
claim("only three of the nine find more", np.sum(np.concatenate([*recall.values()]) > 0.047), "==", 3)

# %% [markdown]
# Steps and pairs are the same. In recall each seed with 64 is ahead of each seed with 4. But the ranges of F1 overlap,
# and the seed counts for more than the batch. These runs are short, and none of them is good yet: a random order finds
# 0.047, and only three of the nine find more. So this table speaks for larger batches, but not loudly.
#
# ## Adding up is not enough
#
# **Accumulation gives the gradient of a large batch only if the loss is a mean over items, and ours is not.** Large
# batches need memory. In most of deep learning there is a way around, {term}`accumulation`: compute the gradients of
# four small batches, add them up, then move.
#
# We try it with two losses. The first looks at each pair alone: minus the cosine of picture and caption. The second is
# ours. We expect accumulation to be exact for the first and wrong for the second.

# %%
import torch
from datasets import Dataset
from plip_tutorial.finetune import as_tensors
from torch.nn.functional import dropout, normalize

pictures, model = [ours.image, *some[:63]["image"]], plip.model
table = Dataset.from_dict({"image": pictures, "text": words[:64]})
feed = as_tensors(table, plip.processor, model.config.text_config)
batch = feed.batch(np.arange(64), feed.pictures.to(model.device).float())

# %%
def embed(part, seed=0, drop=0.0):
    torch.manual_seed(seed)
    seen = model.get_image_features(pixel_values=part.pixels).pooler_output
    read = model.get_text_features(input_ids=part.tokens).pooler_output
    return [normalize(dropout(side, drop)) for side in (seen, read)]

def gradient(work, *arguments):
    model.zero_grad()
    work(*arguments)
    moved = (p.grad for p in model.parameters() if p.grad is not None)
    return torch.cat([grad.flatten() for grad in moved]).double()

# %%
from plip_tutorial.contrastive import clip_loss

def alone(images, texts):
    return -(images * texts).sum(dim=1).mean()

def together(images, texts):
    return clip_loss(images, texts, model.logit_scale)

def added_up(parts, loss):
    for part in parts:
        (loss(*embed(part)) / len(parts)).backward()

# %%
def apart(one, other):
    return float((one - other).norm() / other.norm())

true = {loss: gradient(added_up, [batch], loss) for loss in (alone, together)}
for loss, right in true.items():
    added = gradient(added_up, batch.chunks(16), loss)
    cosine = torch.cosine_similarity(added, right, dim=0)
    print(f"{loss.__name__:8}: difference {apart(added, right):.2g},",
          f"cosine {cosine:.2f}")

# %% tags=["claim", "remove-cell"]
claim("For the loss that looks at each pair alone the gradients agree",
      apart(gradient(added_up, batch.chunks(16), alone), true[alone]), "<", 1e-4)
claim("For the contrastive loss the direction is another", cosine, "<", 0.95)
claim("the difference is about two fifths as long as the gradient itself",
      apart(added, true[together]), "about", 0.4, margin=0.05)

# %% [markdown]
# For the loss that looks at each pair alone the gradients agree up to rounding. For the contrastive loss the direction
# is another, and the difference is about two fifths as long as the gradient itself. Each chunk saw only its own
# *negatives*, the wrong answers among its 16 captions, and no adding up brings the others back.
#
# The formula shows why all of them are needed. Differentiate the loss by the embedding of one picture: each caption
# pushes it away by its share, and its own caption pulls. A share is a softmax over the whole row, so leaving captions
# out changes all shares. We write it down for both directions, rows and columns, and compare it with what `backward`
# says.

# %%
images, texts = (side.detach().requires_grad_() for side in embed(batch))
together(images, texts).backward()
scale = float(model.logit_scale.detach().exp())
logits = (scale * images @ texts.T).detach()
shares = logits.softmax(dim=1) + logits.softmax(dim=0)
pushed = shares - 2 * torch.eye(64).to(logits)
formula = scale / (2 * 64) * pushed @ texts.detach()
print(f"difference {apart(formula, images.grad):.2g}")

# %% tags=["claim", "remove-cell"]
claim("The formula is right", apart(formula, images.grad), "<", 1e-4)

# %% [markdown]
# The formula is right. It needs the embeddings of all pairs, and nothing else from the *towers*, as the two encoders
# are called. That is the way out.
#
# ## The gradient cache, by hand
#
# **The loss needs all embeddings at once, but an embedding is small; what fills the memory is what the towers keep for
# the way back.** These are the {term}`activations`: what each layer gave, which `backward` needs. The
# {term}`gradient cache` {cite}`gao2021gradcache` parts embeddings from activations. Embed everything and keep no activations. Compute
# the loss, and its gradient for each *embedding*. Then embed again, chunk by chunk, and send each chunk's share of that
# gradient back through the towers. By the chain rule the sum is the gradient of the whole batch.

# %%
def cached(parts, loss, again=(0, 1), drop=0.0):
    with torch.no_grad():                       # 1. embed, and keep nothing
        sides = zip(*(embed(part, i, drop) for i, part in enumerate(parts)))
        images, texts = (torch.cat(side).requires_grad_() for side in sides)
    loss(images, texts).backward()              # 2. a gradient for each one
    size = len(parts[0])
    shares = zip(images.grad.split(size), texts.grad.split(size))
    for seed, part, share in zip(again, parts, shares):      # 3. send it back
        torch.autograd.backward(embed(part, seed, drop), share)

# %%
from plip_tutorial.finetune import gradcache

two = batch.chunks(32)
by_hand = gradient(cached, two, together)
package = gradient(gradcache.backward, embed, two, together)
print(f"by hand:    difference {apart(by_hand, true[together]):.2g}")
print(f"by package: difference {apart(package, true[together]):.2g}")

# %% tags=["claim", "remove-cell"]
claim("Both are the gradient of the whole batch", [apart(g, true[together]) for g in (by_hand, package)], "<", 1e-4)

# %% [markdown]
# Both are the gradient of the whole batch, up to rounding, and `gradcache.backward` is the same three steps. It embeds
# the last chunk only once, since what that one keeps is used at once. Ours takes two chunks, one for each seed in
# `again`; the package takes any number.
#
# ## Dropout must be replayed
#
# **The second pass must be the same function as the first, with the same random numbers.** {term}`Dropout <dropout>`
# sets some numbers of each vector to zero, others at each call, so that a model cannot rely on single ones. Now the
# first pass computes the gradient for one set of vectors, and the second sends it back through another network, in
# which other numbers are zero.
#
# That is what `again` and `drop` are for. We drop half of the numbers, and a seed for each chunk decides which. What is
# right is the gradient of both chunks in one go, with the seeds 0 and 1 and all activations kept. The second pass takes
# the same seeds, or others.

# %%
def in_one_go(parts, loss, drop):
    sides = zip(*(embed(part, i, drop) for i, part in enumerate(parts)))
    loss(*(torch.cat(side) for side in sides)).backward()

right, wrong = gradient(in_one_go, two, together, 0.5), {}
for name, again in {"replayed": (0, 1), "drawn anew": (2, 3)}.items():
    one = gradient(cached, two, together, again, 0.5)
    wrong[name] = apart(one, right)
    print(f"{name:10}: difference {wrong[name]:.2g}")

# %% tags=["claim", "remove-cell"]
claim("CLIP's own towers have no dropout",
      [part.attention_dropout for part in (model.config.vision_config, model.config.text_config)], "==", 0.0)
claim("Replayed, the gradient is right", wrong["replayed"], "<", 1e-4)
claim("Drawn anew, it is wrong by more than half of its length", wrong["drawn anew"], ">", 0.5)

# %% [markdown]
# Replayed, the gradient is right. Drawn anew, it is wrong by more than half of its length, and nothing complains: the
# loss would look as usual. The package notes the state of the random numbers before each chunk and puts it back for the
# second pass. CLIP's own towers have no dropout, so this mistake would sleep until somebody adds some. The patches that
# a tiny PLIP leaves out are drawn with the batch, and both passes read the same ones.
#
# ## What it costs, what it saves
#
# **Memory follows the chunk and no longer the batch; the price is a second forward pass.** We count what is kept for
# the way back. We expect half the memory from half the chunk, and more time.

# %% mystnb={"image": {"alt": "A straight line that rises: megabytes kept for the way back against the pairs of a chunk, from 4 to 64."}, "figure": {"caption": "What a batch of 64 pairs keeps for the way back, by the size of its chunks. The last point is the whole batch in one go.", "name": "fig-08-memory"}}
from time import perf_counter

kept, seconds = {}, {}
for size in (64, 32, 16, 8, 4):
    start = perf_counter()
    with gradcache.kept_activations(model.parameters()) as counted:
        gradient(gradcache.backward, embed, batch.chunks(size), together)
    kept[size], seconds[size] = counted.peak / 1e6, perf_counter() - start
ratios = {size: round(seconds[size] / seconds[64], 1) for size in kept}
print("time by size, in one go = 1:", ratios)
plots.lines({"kept": kept}, x="pairs in a chunk", y="MB")

# %% tags=["claim", "remove-cell"]
claim("Half the chunk keeps about half", [kept[n] / kept[2 * n] for n in (32, 16, 8, 4)], "between", (0.45, 0.65))
claim("A straight line that rises", (kept[64] - kept[32]) / (kept[8] - kept[4]) / 8, "about", 1, margin=0.1)

# %% [markdown]
# Half the chunk keeps about half, down to a small rest that does not depend on it. The ratios of time are those of the
# machine that built this page, busy or not. `benchmarks/gradcache_memory.py` measures both with more care on yours.
#
# In `TrainConfig` it is one number, `chunk_size`. We let `finetune` take a few steps in one go, in chunks, and with
# `compared=8`, which is what adding up chunks of 8 would do.

# %%
from pathlib import Path
from tempfile import mkdtemp
from plip_tutorial.finetune import TrainConfig, finetune

start, losses = artifacts.checkpoint(tracks.current().clip), []
for options in ({"chunk_size": 0}, {"chunk_size": 8}, {"compared": 8}):
    config = TrainConfig(steps=3, batch_size=32, **options)
    _, history = finetune(start, some.select(range(128)), config,
                          output=Path(mkdtemp()), progress=False)
    losses.append([step["loss"] for step in history])
    print(options, np.round(losses[-1], 4))

# %% tags=["claim", "remove-cell"]
claim("The chunks change nothing", np.subtract(losses[0], losses[1]), "about", 0, margin=0.01)
claim("Fewer comparisons make another run, with a lower loss", np.subtract(losses[0], losses[2]), ">", 0.5)

# %% [markdown]
# The chunks change nothing. Fewer comparisons make another run, with a lower loss, since its question is easier. Losses
# of different questions must not be compared.
#
# When the memory of a GPU is full, `finetune` does the step again in chunks of half the size and goes on with these;
# the gradient stays the same. What fits a GPU of 15 GB is counted in {doc}`memory_of_a_gpu`. Several GPUs share a batch
# in the same way: each embeds its part, and everybody gets everybody's embeddings.
#
# ## A loss without its table
#
# **Very large batches meet the next wall: the table of n times n similarities.** A batch of 32,768 pairs was CLIP's
# {cite}`radford2021clip`. Its 512-dimensional embeddings are small, but one table of it is not:

# %%
for n in (64, 1024, 32_768):
    print(f"batch {n:6,}: embeddings {n * 512 * 4 / 1e6:5.1f} MB,",
          f"one table {n * n * 4 / 1e6:8,.2f} MB")

# %% [markdown]
# A cross-entropy is the logarithm of a sum of exponentials, less the right logit. So the loss needs only three numbers
# for each pair: its right logit, and the logarithm of the sum over its row and over its column. Both sums can be
# gathered from strips of the table. `logsumexp` and `logaddexp` do it without ever leaving the logarithms, since the
# exponentials themselves would lose digits.

# %%
def in_strips(images, texts, scale, size=256):
    rows, columns = [], torch.full((len(texts),), -torch.inf)
    for strip in images.split(size):
        logits = scale.exp() * strip @ texts.T
        rows.append(logits.logsumexp(dim=1))
        columns = torch.logaddexp(columns, logits.logsumexp(dim=0))
    right = scale.exp() * (images * texts).sum(dim=1)
    return (torch.cat(rows) + columns).mean() / 2 - right.mean()

# %%
from plip_tutorial.contrastive import blocked_clip_loss

x, y = (normalize(torch.randn(2048, 128)).requires_grad_() for _ in range(2))
scale, grads, held = model.logit_scale.detach().cpu(), {}, {}
for loss in (clip_loss, in_strips, blocked_clip_loss):
    with gradcache.kept_activations((x, y)) as counted:
        value = loss(x, y, scale)
    held[loss] = counted.peak / 1e6
    grads[loss] = torch.cat(torch.autograd.grad(value, (x, y)))
    print(f"{loss.__name__:17}: {value:.5f}, {held[loss]:4.0f} MB kept")

# %% tags=["claim", "remove-cell"]
claim("the gradients in grads agree up to rounding",
      [apart(g, grads[clip_loss]) for g in grads.values()], "<", 1e-4)
claim("Our strips still keep one table", held[in_strips], ">", 2048**2 * 4 / 1e6)
claim("keeps hardly anything", held[blocked_clip_loss] / held[clip_loss], "<", 0.05)

# %% [markdown]
# All three give the same loss, and the gradients in `grads` agree up to rounding. Our strips still keep one table:
# torch holds on to them for the way back. `blocked_clip_loss` keeps hardly anything, as it makes each strip once more
# on the way back, with a derivative written by hand. `loss="blocked"` chooses it. `benchmarks/contrastive_memory.py`
# compares time and peak of memory at 16,384 pairs on your machine.
#
# ## How large was PLIP's batch?
#
# **The released code does not tell.** The author's article says that the batch was made as large as possible
# {cite}`bianchi2023article`. The code has defaults, which need not be what was used:

# %%
from textwrap import fill
from plip_tutorial import audit

known = audit.facts()["released_training_defaults"]
for name in ("learning_rate", "weight_decay", "warmup_steps", "note"):
    print(fill(f"{name}: {known[name]}", 78))

# %% [markdown]
# So the size of PLIP's question is unknown, and so is the number of times that it read a pair. Whoever wants to repeat
# the training has to guess. Write batch size and epochs into the first lines of your own report.
#
# ## Exercises
#
# :::{exercise} More and smaller chunks
# :label: ex-08-chunks
#
# Accumulate the contrastive loss of the 64 pairs in 2, 4, 8, 16 and 32 chunks. What happens to the cosine with the true
# gradient? Leave the five cosines in `answer`. What would 64 chunks give?
# :::
#
# :::{solution-start} ex-08-chunks
# :class: dropdown
# :::

# %%
answer = []
for n in (2, 4, 8, 16, 32):
    added = gradient(added_up, batch.chunks(64 // n), together)
    cosine = torch.cosine_similarity(added, true[together], dim=0)
    answer.append(float(cosine))
    print(f"{n:2} chunks: cosine {cosine:.2f}")

# %% tags=["claim", "remove-cell"]
claim("The more chunks, the further from the true gradient", np.diff(answer), "<", 0)
claim("the loss is 0 and the gradient is 0", float(gradient(added_up, batch.chunks(1), together).norm()), "<", 1e-3)

# %% [markdown]
# The more chunks, the further from the true gradient. With 64 chunks each pair is compared with nothing but itself: the
# loss is 0 and the gradient is 0.
#
# :::{solution-end}
# :::
#
# :::{exercise} How often is a pair embedded?
# :label: ex-08-often
#
# `gradcache.backward` embeds all chunks but the last one twice. How many pairs does it embed for one step with the 64
# pairs in chunks of 4, 16 and 64? Count them, and leave the three numbers in `answer`.
# :::
#
# :::{solution-start} ex-08-often
# :class: dropdown
# :::

# %%
def embed_and_count(part):
    answer[-1] += len(part)
    return embed(part)

answer = []
for size in (4, 16, 64):
    answer.append(0)
    parts = batch.chunks(size)
    gradient(gradcache.backward, embed_and_count, parts, together)
print(answer)

# %% tags=["claim", "remove-cell"]
claim("twice the batch less one chunk", [n + size for n, size in zip(answer, (4, 16, 64))], "==", 128)
claim("cost nearly a second forward pass", answer[0] / 64, ">", 1.9)

# %% [markdown]
# It is twice the batch less one chunk. Small chunks save memory, and cost nearly a second forward pass.
#
# :::{solution-end}
# :::
#
# :::{exercise} Which run to pay for?
# :label: ex-08-pay
#
# Your GPU holds 64 pairs, and you can pay for one long training. A colleague adds up four batches of 64 and calls it
# "batch 256". After as many steps its loss is lower than with a gradient cache, and each step is quicker. In four or
# five sentences: what does the lower loss show, how do you choose between the two, and what does the report say?
# :::
#
# :::{solution-start} ex-08-pay
# :class: dropdown
# :::
#
# It shows nothing: 64 captions are an easier question than 256. Compare short runs of both ways on the same held-out
# pairs and on tissue with labels, with several seeds, since a seed may count for more than the batch. Give both the
# same hours, as the cache pays with a second forward pass. If the cache shows no gain, take the cheaper way. The report
# then gives two numbers: 256 pairs in a step, 64 that were compared.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - The batch is the question: small batches added up ask an easier one, and give another gradient.
# - A gradient cache embeds, differentiates the embeddings, and embeds again, with the same dropout.
# - Of all activations only those of one chunk must fit into the memory, and of the table only strips.
#
# ## What comes next
#
# Rate, batch, warm-up, temperature: which values? {doc}`Many models <09_many_models>` are trained and compared, and the
# right pairs choose.
#
# ## References
#
# The gradient cache is that of Gao and colleagues {cite}`gao2021gradcache`; the loss is CLIP's {cite}`radford2021clip`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
