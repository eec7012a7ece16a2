"""Is a text English? Told by its script and its small words, well enough for questions of a few words.

It does not say which other language a text is in: the abstracts are English, and nothing else is asked of it.
"""

import re

_ENGLISH = frozenset(
    "the of and to is are was were be been being has have had do does did a an it its this that these those there they them "
    "their what which who whose whom how why when where whether with without from for on at by as or not no than then any "
    "some all each more most other between into about over under can could would should will may might i me my we our you "
    "your if but also only such same both one two give tell show find list name explain compare does papers paper work".split()
)
_OTHERS = {
    "German": "der das den dem ein eine einen einem einer und oder nicht ist sind war wird werden wurde hat haben mit ohne von "
    "vom zum zur für auf bei nach über unter wie warum welche welcher welches welchen wann wer gibt es arbeiten sich auch als "
    "durch im zwischen kann können man diese dieser dieses bitte",
    "French": "le la les un une des du et ou est sont était avec sans pour dans sur par que qui quoi quel quelle quels quelles "
    "comment pourquoi où ne pas ce cette ces il elle ils elles au aux leur leurs peut entre plus articles y",
    "Spanish": "el los las un una unos unas y o es son está con sin para por en del qué que quién cuál cuáles cómo cuándo dónde "
    "no se su sus al lo hay más entre sobre artículos trabajos este esta estos",
    "Italian": "il lo gli una uno e è sono con senza per di del della dei delle nel nella che chi quale quali come perché dove "
    "non si su ci più tra fra articoli questo questa",
    "Portuguese": "os as um uma uns umas e é são com sem para por em do da dos das no na nos nas que quem qual quais como onde "
    "não se seu sua mais entre sobre artigos trabalhos este esta",
    "Dutch": "het een en of niet zijn was wordt worden met zonder voor van op bij naar over hoe waarom welke wat wie wanneer "
    "waar er ook als door deze dit kan kunnen tussen de",
    "Swedish": "och eller inte är som med utan för av på vid till över hur varför vilka vilken vad vem när det den ett kan",
    "Polish": "i lub nie jest są z bez dla od na przy do jak dlaczego które który która co kto kiedy się w ze oraz jakie jaki",
    "Turkish": "ve veya değil bir ile için nasıl neden hangi ne kim mı mi mu bu şu olan makaleler çalışmalar",
    "Czech": "a nebo není je jsou s bez pro od na jak proč které který která co kdo kdy se v ve jaké jaký",
    "Indonesian": "dan atau tidak adalah yang dengan tanpa untuk dari pada bagaimana mengapa apa siapa kapan ini itu makalah",
}
_SMALL_WORDS = {language: frozenset(words.split()) - _ENGLISH for language, words in _OTHERS.items()}
_WORD = re.compile(r"[^\W\d_]+")


def is_english(text: str) -> bool:
    """Whether a text reads as English; one that gives no hint (names, figures, nothing) does."""
    spoken = [word.casefold() for word in _WORD.findall(text)]
    foreign = sum(len(word) for word in spoken if not _latin(word))
    if foreign > 1 and foreign * 3 > sum(map(len, spoken)):
        return False
    english = sum(word in _ENGLISH for word in spoken)
    other = max(sum(word in small for word in spoken) for small in _SMALL_WORDS.values())
    return other <= english


def _latin(word: str) -> bool:
    """Written in Latin letters; a single other letter is a symbol (α, λ)."""
    return (len(word) == 1 and ord(word) < 0x2E80) or all(
        ord(letter) < 0x250 or 0x1E00 <= ord(letter) < 0x2000 for letter in word
    )
