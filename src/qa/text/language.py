"""Whether a text is English, by its script, function words and letters; reliable for questions of a few words.

It does not say which other language a text is in: the abstracts are English, and nothing else is asked of it. In doubt
a text is English, for the other error costs a call to a model and the checking of every statement.
"""

import re
import unicodedata

_ENGLISH = frozenset(
    "the of and to is are was were be been being has have had do does did a an it its this that these those there they them "
    "their what which who whose whom how why when where whether with without from for on at by as or not no than then any "
    "some all each more most other between into about over under can could would should will may might i me my we our you "
    "your if but also only such same both one two give tell show find list name explain compare paper papers work in out up "
    "does doesn don isn aren wasn didn much many any every so here".split()
)
_OTHERS = {
    "German": "der das den dem die des ein eine einen einem einer eines und oder nicht ist sind war was wird werden wurde hat haben "
    "mit ohne von vom zum zur für auf bei nach über unter wie warum welche welcher welches welchen wann wer wo gibt es arbeiten "
    "sich auch als also an in im am aus durch zwischen kann können man diese dieser dieses bitte mehr alle sehr nur noch wieviel "
    "wieso zeige nenne erkläre vergleiche papier ich wurden worum geht wem",
    "French": "le la les un une des du de et ou est sont était avec sans pour dans sur par que qui quoi quel quelle quels quelles "
    "comment pourquoi où ne pas ce cette ces il elle ils elles on en au aux leur leurs peut entre plus articles y a quand combien "
    "donne moi fonctionne article fait font cela donc mais aussi très tous toutes qu explique travaux cet résume",
    "Spanish": "el la los las un una unos unas y o es son está con sin para por en de del qué que quién cuál cuáles cómo cuándo dónde "
    "no se su sus al lo hay más entre sobre artículos trabajos este esta estos como cual cuanto cuánto cuántos cuántas fue usa "
    "usan qué dame sobre también porque pero muy funciona explica",
    "Italian": "il lo la gli le i un una uno e è sono con senza per di del della dei delle nel nella che chi quale quali come perché dove "
    "non si su ci in più tra fra articoli questo questa quanto quanti quando cosa viene al alla dal dalla sul sulla qual anche "
    "usa lavori spiega ha",
    "Portuguese": "os as o a um uma uns umas e é são com sem para por em do da dos das de no na nos nas que quem qual quais como onde "
    "não se seu sua mais entre sobre artigos trabalhos este esta quando quanto quantos por ao à pelo pela foi também usa porque funciona artigo resuma",
    "Dutch": "het een en of niet zijn is in was wordt worden met zonder voor van op bij naar over hoe waarom welke welk wat wie wanneer "
    "waar er ook als door deze dit dat die kan kunnen tussen de hebben heeft veel meer maar om te aan uit artikelen",
    "Swedish": "och eller inte är som med utan för av på vid till över hur varför vilka vilken vilket vad vem när det den ett en kan i "
    "om de var mer från finns används artiklar denna detta mellan",
    "Danish and Norwegian": "og eller ikke er som med uden uten for af av på ved til over hvordan hvorfor hvilke hvilken hvilket hva hvad hvem "
    "når det den et en kan i om de var mer fra finnes bruker artikler denne dette mellom mellem",
    "Finnish": "ja tai ei on ovat se ne joka jotka mikä mitä miten miksi milloin missä kuka mitkä kuinka paljon kanssa ilman kuin myös "
    "tämä nämä onko mihin artikkelit artikkeli",
    "Polish": "i lub nie jest są z bez dla od na przy do jak dlaczego które który która co kto kiedy się w we ze oraz jakie jaki jaka czy "
    "ile o po to gdzie artykuły przez między czym",
    "Czech and Slovak": "a nebo není je jsou s bez pro od na jak proč které který která co kdo kdy se v ve jaké jaký jaká kde kolik "
    "čím mezi než ako prečo ktoré články alebo",
    "Turkish": "ve veya değil bir ile için nasıl neden hangi ne kim mı mi mu mü bu şu olan makaleler çalışmalar nedir kaç var nerede daha "
    "çok olarak göre kadar gibi",
    "Indonesian": "dan atau tidak adalah yang dengan tanpa untuk dari pada bagaimana mengapa apa siapa kapan ini itu makalah di ke "
    "berapa dalam oleh lebih mana apakah",
    "Vietnamese": "là của và có không những các cho với trong nào gì như thế bao nhiêu tại sao được bài báo một này so",
    "Romanian": "și sau nu este sunt cu fără pentru din pe la ce care cum când unde cât câte mai între lucrări cine o un o în de se",
    "Hungarian": "és vagy nem egy az hogyan miért melyik mi ki mikor hol mennyi hány van cikkek cikk mely mit milyen",
}
_NAMES_TOO = frozenset(
    "das den dem die des es als im am war was also an in man mehr hat alle wo war mit wer zum papier ich aus kann "
    "le la les un une de du et ou est par pour sans sur plus qui comment on en au ce il y a article articles fait moi "
    "el los las o no se su lo al con sin son hay entre este usa como fue para por del "
    "lo gli i e non per di come chi si ci su tra fra una uno che cosa anche dal qual ha "
    "os as um em do da dos com sem na nos sua ao mais "
    "of is of met over door er van op dat die te om de bij kan dit het en of wat "
    "till av vid som om var den det ett med for i er ved og et til fra ja ei se ne tai "
    "z w ze we od na do co po to lub ile "
    "ve pro je v bez ile mi mu bu ne var dan atau di ke ini apa dari oleh "
    "über nas à so cho la ce care nu mai cu pe cum az ki van egy nem hol mit mi cine sunt o un".split()
)
"""Function words that are also English words, names, acronyms or symbols: one of them alone is no evidence."""
_SMALL_WORDS = {language: frozenset(words.split()) for language, words in _OTHERS.items()}
_PARTICLES = frozenset("van von der den de di del della da dal la le du des dos las los el ten ter do al são".split())
"""Before a name they are part of it: van der Waals, de Rham."""
_AT_HOME = frozenset(
    "naïve naïvely café résumé rôle façade fiancé cliché coöperation reënter à über poincaré schrödinger gödel hölder kähler rényi "
    "fréchet bézier möbius lévy itô nyström cramér erdős łojasiewicz szegő pólya rössler müller bäcklund hörmander père niño niña "
    "jalapeño déjà vu précis élan protégé ångström röntgen".split()
)
"""Words with accents that English took in, and the names that are written without a capital in haste."""

DOUBTFUL, ACCENT = 0.4, 0.6
"""Two doubtful words or one accent are no language, an accent and one of them are. Chosen by the table of the tests."""
_URL = re.compile(r"(?:https?://|www\.)\S+")
_WORD = re.compile(
    "(?:[^\\W\\d_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f])+"
)  # with the vowel signs of Indian scripts
_KANA_AND_HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


def is_english(text: str) -> bool:
    """Whether a text reads as English; one that gives no hint (names, figures, nothing) does."""
    words = _WORD.findall(_URL.sub(" ", unicodedata.normalize("NFC", text)))
    english, other = _hints(words)
    strange = [word for word in words if not _latin(word)]
    letters = sum(map(_weight, strange))
    spoken = english == 0 and any(word.islower() and len(word) > 2 for word in strange)
    if spoken or (letters > 1 and letters * 3 > sum(map(_weight, words))):
        # A word of a script without blanks is several.
        return english > sum(max(1.0, len(_KANA_AND_HAN.findall(word)) / 2) for word in strange)
    return other < 1 or other <= english


def _hints(words: list[str]) -> tuple[float, float]:
    """What speaks for English, and what for the other language for which most does.

    A small word counts 1, less where it is also a word, name or acronym of English, or has no more than an accent.
    Single letters are symbols, and a capital within makes a name, an acronym or a word of a title.
    """
    shouted = all(word.isupper() for word in words)
    english = accents = 0.0
    small = dict.fromkeys(_SMALL_WORDS, 0.0)
    for i, word in enumerate(words):
        plain = word.casefold()
        symbol = len(word) == 1 and word.isascii()
        if symbol or not (shouted or word.islower() or (i == 0 and word.istitle())):
            continue
        following = words[i + 1] if i + 1 < len(words) else ""
        if plain in _PARTICLES and (following[:1].isupper() or following in _PARTICLES) and not shouted:
            continue
        weight = DOUBTFUL if plain in _NAMES_TOO else 1.0
        if plain in _ENGLISH:
            english += weight
        for language, its in _SMALL_WORDS.items():
            if plain in its:
                small[language] += weight
        if len(word) > 1 and word.islower() and not word.isascii() and _latin(word) and plain not in _AT_HOME:
            accents += ACCENT
    return english, max(small.values()) + accents


def _weight(word: str) -> int:
    """Letters, those of scripts that write a word with one or two counted twice."""
    return len(word) + len(_KANA_AND_HAN.findall(word))


def _latin(word: str) -> bool:
    """Written in Latin letters; a single other letter is a symbol (α, λ)."""
    return (len(word) == 1 and ord(word) < 0x2E80) or all(
        ord(letter) < 0x370 or 0x1E00 <= ord(letter) < 0x2000 for letter in word
    )
