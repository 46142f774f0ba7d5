"""Writes tokenizer.json and ids.json: a small tokeniser of UMT5's kind, and what Python's `tokenizers` makes of 211 texts.

    pip install sentencepiece protobuf tokenizers
    python tests/tokenizer/make.py

SentencePiece trains a unigram model with byte pieces on the texts; it becomes a tokenizer.json as `transformers` makes one of a
SentencePiece model: a precompiled table of characters, trimming, Metaspace, and `</s>` at the end.
"""

import io
import json
from itertools import product
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = Path(__file__).parent
PIECES = 900

WHO_WHAT_HOW = [
    (
        ["A person", "Someone tall", "The dancer"],
        ["walks forward", "jumps over a box", "waves with both hands"],
        ["slowly", "twice, then stops", "with 3 quick steps"],
    ),
    (["Eine Frau", "Der Mann"], ["geht rückwärts", "hüpft über die Stühle"], ["langsam", "fröhlich und größer"]),
    (["Une personne", "L'élève"], ["court très vite", "s'assoit à côté"], ["puis s'arrête", "où ça ?"]),
    (["Una niña", "El señor"], ["camina hacia atrás", "salta"], ["rápido", "¡otra vez!"]),
    (["Человек", "Девушка"], ["идёт вперёд", "прыгает"], ["медленно", "и машет рукой"]),
    (["Ένας άνθρωπος", "Η χορεύτρια"], ["περπατά", "πηδάει"], ["αργά", "δύο φορές"]),
    (["一个人", "舞者"], ["向前走", "挥动双手"], ["，然后停下。", "很慢地"]),
    (["人が", "ダンサーは"], ["前に歩く", "ジャンプして"], ["ゆっくりと。", "手を振る"]),
    (["한 사람이", "무용수가"], ["앞으로 걷는다", "뛰어오른다"], ["천천히", "두 번"]),
    (["شخص", "الراقصة"], ["يمشي إلى الأمام", "يقفز"], ["ببطء", "مرتين"]),
    (["אדם", "הרקדנית"], ["הולך קדימה", "קופצת"], ["לאט", "פעמיים"]),
    (["एक व्यक्ति", "नर्तकी"], ["आगे चलता है", "कूदती है"], ["धीरे धीरे", "दो बार"]),
    (["คนหนึ่ง", "นักเต้น"], ["เดินไปข้างหน้า", "กระโดด"], ["ช้าๆ", "สองครั้ง"]),
    (["Một người", "Cô ấy"], ["đi về phía trước", "nhảy lên"], ["chậm rãi", "hai lần"]),
    (["Bir kişi", "Dansçı"], ["ileri yürüyor", "zıplıyor"], ["yavaşça", "iki kez"]),
    (["Osoba", "Tancerka"], ["idzie naprzód", "skacze żwawo"], ["powoli", "dwa razy"]),
    (["Um homem", "A irmã"], ["anda para trás", "pula"], ["devagar", "não pára"]),
    (["Người máy", "ロボット"], ["walks", "прыгает"], ["慢慢地", "πολύ γρήγορα"]),
    (["მოცეკვავე", "პიროვნება"], ["მიდის", "ხტება"], ["ნელა", "ორჯერ"]),
    (["மனிதன்", "பெண்"], ["நடக்கிறான்", "குதிக்கிறாள்"], ["மெதுவாக", "இரு முறை"]),
    (["አንድ ሰው", "ዳንሰኛ"], ["ይራመዳል", "ይዘላል"], ["ቀስ ብሎ", "ሁለት ጊዜ"]),
]
ODD = [
    "",
    " ",
    "a",
    "  two  spaces   three ",
    "tab\tand\nline",
    "▁ the mark itself ▁▁",
    "</s> in the text",
    "<unk><pad>",
    "ＦＵＬＬ width １２３",
    "ﬁve ﬂags",
    "e\u0301 and \u00e9",
    "emoji 😀👨‍👩‍👧 🏃🏽",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "1234567890",
    "50% #1 (kept)!",
    "a" * 60,
    "antidisestablishmentarianism",
    "\u200bzero\u200b width",
    "ﷺ",
    "ꙮ ⴰⵣⵓⵍ ᚠᚢᚦ",
    "don't can't \"won't\"",
    "…—–•",
    "\u00a0no\u00a0break",
    "x" + " y" * 40,
]
# Characters that become others: a table as small as can be, of the same form as SentencePiece's own.
RULES = {"ﬁ": "fi", "ﬂ": "fl", "\u00a0": " ", "\t": " ", "\n": " ", "e\u0301": "é", "…": "...", "\u200b": ""}
RULES |= {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}


def texts() -> list[str]:
    joined = [" ".join(parts) for who, what, how in WHO_WHAT_HOW for parts in product(who, what, how)]
    return joined + ODD


def train(lines: list[str], folder: Path) -> sentencepiece_model_pb2.ModelProto:
    rules = folder / ".rules.tsv"
    points = lambda text: " ".join(f"{ord(c):X}" for c in text)  # noqa: E731
    rules.write_text("".join(f"{points(a)}\t{points(b)}\n" for a, b in sorted(RULES.items())))
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(line.replace("\n", " ") for line in lines if line.strip()),
            model_writer=model,
            vocab_size=PIECES,
            model_type="unigram",
            byte_fallback=True,
            character_coverage=0.98,
            normalization_rule_tsv=str(rules),
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            num_threads=1,
            minloglevel=2,
            hard_vocab_limit=False,
        )
    finally:
        rules.unlink()
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto


def tokenizer(proto: sentencepiece_model_pb2.ModelProto) -> Tokenizer:
    vocabulary = [(piece.piece, piece.score) for piece in proto.pieces]
    made = Tokenizer(models.Unigram(vocabulary, unk_id=2, byte_fallback=True))
    table = proto.normalizer_spec.precompiled_charsmap
    made.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(table),
            normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), "▁"),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    made.add_special_tokens(["<pad>", "</s>", "<unk>"])
    return made


def main() -> None:
    lines = texts()
    made = tokenizer(train(lines, HERE))
    made.save(str(HERE / "tokenizer.json"), pretty=False)
    again = Tokenizer.from_file(str(HERE / "tokenizer.json"))
    pairs = [{"text": text, "ids": again.encode(text).ids} for text in lines]
    with (HERE / "ids.json").open("w", encoding="utf-8") as file:
        json.dump(pairs, file, ensure_ascii=False, indent=0)
    size = again.get_vocab_size()
    used = len({i for pair in pairs for i in pair["ids"]})
    print(f"{len(pairs)} texts, {size} pieces, {used} of them used")


main()
