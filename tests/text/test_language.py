"""Is it English? Short questions in two dozen languages, and English as people type it."""

import json
import time
from pathlib import Path

import pytest

from helpers.paths import ROOT
from qa.documents import SourceFile, read_sources
from qa.text.cleanup import clean_text
from qa.text.language import is_english
from qa.text.sentences import split_passages

pytestmark = pytest.mark.slow


HERE = ROOT

OTHERS = {
    "German": "Wie schnell ist DoughGraph?",
    "German, what is": "Was ist TideNet?",
    "German, two words": "Welche Genauigkeit?",
    "German, papers": "Welche Arbeiten nutzen Graphnetze für Brot?",
    "German without umlauts": "Gibt es Arbeiten ueber Moewen?",
    "German with English terms": "Wie funktioniert Contrastive Learning bei GCL?",
    "German, a demand": "Nenne mir die Ergebnisse von GullNet",
    "German, all capitals": "WIE GENAU IST DAS MODELL?",
    "French": "Quelle est la précision de GCL ?",
    "French, how many": "Combien de recettes sont utilisées ?",
    "French with an elision": "Qu'est-ce que DoughGraph ?",
    "French, papers": "Quels articles parlent de mouettes sans étiquettes ?",
    "French, three words": "Comment fonctionne TideNet ?",
    "French without accents": "quels sont les resultats sur le ble",
    "French, accents alone": "Meilleure précision améliorée",
    "Spanish": "¿Qué precisión tiene GCL?",
    "Spanish without marks": "que articulos hablan de pan y grafos",
    "Spanish, how": "¿Cómo funciona DoughGraph?",
    "Spanish, how many": "¿Cuántas recetas se usan?",
    "Italian": "Quali articoli parlano di gabbiani?",
    "Italian, what is": "Che cosa è TideNet?",
    "Italian, how fast": "Quanto è veloce DoughGraph?",
    "Italian, why": "Perché il sale non è considerato?",
    "Portuguese": "Quais artigos usam grafos para o pão?",
    "Portuguese, how": "Como funciona o DoughGraph?",
    "Portuguese, precision": "Qual é a precisão do GCL?",
    "Dutch": "Hoe snel is DoughGraph?",
    "Dutch, papers": "Welke artikelen gaan over meeuwen?",
    "Dutch, what is": "Wat is TideNet en waarom werkt het?",
    "Swedish": "Hur snabbt är DoughGraph?",
    "Swedish, papers": "Vilka artiklar handlar om måsar?",
    "Danish": "Hvor hurtig er DoughGraph, og hvorfor?",
    "Norwegian": "Hvilke artikler bruker grafer på brød?",
    "Finnish": "Kuinka nopea DoughGraph on?",
    "Finnish, what": "Mikä on TideNet?",
    "Polish": "Jak szybki jest DoughGraph?",
    "Polish, papers": "Które artykuły dotyczą mew?",
    "Czech": "Jak rychlý je DoughGraph?",
    "Czech, papers": "Které články jsou o chlebu?",
    "Turkish": "DoughGraph ne kadar hızlı?",
    "Turkish, what is": "TideNet nedir?",
    "Indonesian": "Apa itu TideNet?",
    "Indonesian, how": "Bagaimana DoughGraph bekerja?",
    "Vietnamese": "DoughGraph nhanh hơn bao nhiêu?",
    "Romanian": "Cât de rapid este DoughGraph?",
    "Hungarian": "Milyen gyors a DoughGraph?",
    "Russian": "Насколько быстр DoughGraph?",
    "Russian with a long name": "Что такое Gull Contrast Learning?",
    "Ukrainian": "Які статті про чайок?",
    "Greek": "Πόσο γρήγορο είναι το DoughGraph;",
    "Bulgarian": "Как работи TideNet?",
    "Chinese": "DoughGraph比流体模拟快多少？",
    "Chinese, short": "TideNet 是什么？",
    "Chinese with English terms": "哪些论文用 graph neural networks 研究面包？",
    "Japanese": "DoughGraphはどのくらい速いですか？",
    "Japanese, a noun": "TideNetとは？",
    "Korean": "DoughGraph는 얼마나 빠른가요?",
    "Korean, papers": "갈매기에 관한 논문은?",
    "Arabic": "ما مدى سرعة DoughGraph؟",
    "Hebrew": "כמה מהיר DoughGraph?",
    "Persian": "دقت GCL چقدر است؟",
    "Hindi": "DoughGraph कितना तेज़ है?",
    "Thai": "DoughGraph เร็วแค่ไหน",
}

ENGLISH = {
    "a question": "How fast is DoughGraph?",
    "terse": "DoughGraph speedup",
    "one name": "DoughGraph",
    "names and acronyms": "EPFGNN tractable surrogate objective EM",
    "hyphens and names": "S5-PTD Long-Range Arena average",
    "a genitive": "offside rule, women's football, recent changes",
    "single letters": "SE(n) and E(3) equivariance",
    "KAN": "kan vs mlp accuracy",
    "SOM": "som clustering",
    "MIT": "mit scene parsing",
    "WER": "wer on librispeech",
    "DES and DoS": "dos attack detection",
    "all capitals": "WHICH PAPERS TRAIN ON A SINGLE GPU?",
    "no capitals": "which papers train on one gpu",
    "non-native": "please to tell which is most good paper for the bread",
    "non-native without an article": "where is written method of count gulls?",
    "non-native, word order": "Paper exist about bread graph?",
    "typos": "wich papres trian graf netwroks?",
    "typos in small words": "waht si teh accuarcy of GCL",
    "a Dutch name": "van der Waals forces in graph networks",
    "a German name": "von Mises distribution for headings",
    "two German names": "von Neumann entropy and von Mises",
    "a French name": "de Rham cohomology",
    "a French place": "Le Mans race video",
    "a Spanish place": "Los Angeles traffic",
    "a Spanish term": "El Niño forecasting",
    "a Spanish term in lower case": "el niño forecast skill",
    "an Italian name": "Di Bruno formula la Jolla",
    "accents": "Poincaré embeddings of recipes",
    "accents in lower case": "poincaré embeddings",
    "umlauts": "Schrödinger bridge, Hölder smoothness",
    "umlauts in lower case": "schrödinger bridge hölder rényi",
    "naive": "naïve Bayes baseline",
    "Latin": "in vivo vs in vitro",
    "more Latin": "per se, ad hoc, a priori",
    "et al": "Kipf et al 2017",
    "a la carte": "à la carte embeddings",
    "die and casting": "die casting defects",
    "war and man": "man and war",
    "comment": "comment generation for code",
    "plus and par": "par plus bonus",
    "chi": "chi squared test",
    "pro and con": "pro con arguments",
    "met": "met office data",
    "sans": "sans serif fonts",
    "a Greek letter": "α-divergence",
    "Greek letters": "λ and ω of the ODE",
    "a Chinese name in English": "What does 悟道 (WuDao) do?",
    "a Russian name in English": "What is Яндекс?",
    "a title in German in English": "Who wrote Das Kapital der Daten?",
    "a foreign title in quotes": "What is the dataset “Los niños de la calle” used for?",
    "figures": "41,000 93% 61%",
    "nothing": "",
    "marks": "?!",
    "an address": "code at https://www.example.de/der/die/das/und/nicht",
    "an address alone": "Code: https://github.com/das-und/nicht-mit-com",
    "a follow-up": "and on rye?",
    "a follow-up of one word": "why?",
    "a follow-up, two words": "more details",
    "a demand": "compare both",
    "an abbreviation": "e.g. i.e. cf. w.r.t. a.k.a.",
    "languages by name": "German to French translation",
    "a formula": "min f(x) s.t. x in C",
    "code": "def f(a, e, i, o): return un",
    "emoji": "best paper 🍞🥖",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_question_in_another_language_is_not_english(text):
    assert not is_english(text)


@pytest.mark.parametrize("text", ENGLISH.values(), ids=ENGLISH.keys())
def test_english_is_english(text):
    assert is_english(text)


def texts(path: Path, field: str) -> list[str]:
    return [json.loads(line)[field] for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("file", "field"), [("questions.jsonl", "question"), ("statements.jsonl", "statement"), ("pairs.jsonl", "question")]
)
def test_every_text_of_the_evaluation_is_english(file, field):
    assert [text for text in texts(HERE / "evals" / file, field) if not is_english(text)] == []


def test_sentences_and_titles_of_the_shipped_pages_are_english(shipped):
    assert [text for text in shipped if not is_english(text)] == []


@pytest.mark.parametrize("words", [2, 3, 5])
def test_pieces_of_a_few_words_of_them_are_english_too(shipped, words):
    """As terse as questions are."""
    pieces = [" ".join(all[i : i + words]) for all in map(str.split, shipped) for i in range(0, len(all), words)]
    assert len(pieces) > 9_000
    assert [piece for piece in pieces if not is_english(piece)] == []


def test_letters_and_accents_apart_are_as_together():
    assert is_english("re\u0301nyi poincare\u0301 embeddings")
    assert not is_english("Quelle est la pre\u0301cision ?")


@pytest.mark.parametrize(
    "text",
    ["a" * 100_000, "le " * 30_000, "字" * 100_000, "Z" + "\u0301" * 100_000, "\ud800" * 100, "\x00" * 1000],
    ids=["a letter", "a small word", "Chinese", "a storm of accents", "half a pair", "NUL"],
)
def test_a_hostile_length_is_read_in_a_moment(text):
    started = time.process_time()
    is_english(text)
    assert time.process_time() - started < 5


@pytest.fixture(scope="module")
def shipped() -> list[str]:
    """Titles and sentences of the shipped pages."""
    pages = [page for page in read_sources([HERE / "index" / "pages"]) if isinstance(page, SourceFile)]
    listings = [listing for page in pages for listing in page.listings()]
    abstracts = [clean_text(listing.abstract)[0] for listing in listings]
    return [listing.title for listing in listings] + [s.text for text in abstracts for s in split_passages(text)]
