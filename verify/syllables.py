"""The spelling of Vietnamese syllables: an onset, a rime and a tone.

A name that is no row of Vietnamese syllables may be foreign, or of another people of Vietnam: that
alone says nothing against it.  Source: the orthography as it is taught.
"""

from __future__ import annotations

import re
import unicodedata

# Combining marks: a tone belongs to the whole syllable, every other mark to its letter.
GRAVE, ACUTE, TILDE, HOOK, DOT = "\u0300\u0301\u0303\u0309\u0323"
TONES = frozenset((GRAVE, ACUTE, TILDE, HOOK, DOT))

ONSETS = tuple("ngh ng gh gi ch kh nh ph qu th tr b c d đ g h k l m n p r s t v x".split())
RIMES = frozenset(
    """
    a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ê êch êm ên ênh êp êt êu
    i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu
    o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet
    oi om on ong ooc oong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
    u ua uân uâng uât uây uc uê uêch uênh ui um un ung uôc uôi uôm uôn uông uôt uơ up ut
    uy uya uych uyên uyêt uyn uynh uyp uyt uyu ư ưa ưc ưi ưng ưt ươc ươi ươm ươn ương ươp ươt ươu ưu
    y yêm yên yêng yêt yêu yn ynh
    """.split()
)
STOPS = ("c", "ch", "p", "t")  # these finals have only two of the six tones
TONES_BEFORE_STOPS = (ACUTE, DOT)

_STARTS = frozenset(("", *ONSETS))
_MAX_START = 3  # letters
_TONE = re.compile(f"[{''.join(TONES)}]")


def is_syllable(word: str) -> bool:
    """Return whether a word is spelt like one Vietnamese syllable. Case does not count."""
    base, tones = word.casefold(), []
    if not base.isascii():
        letters = unicodedata.normalize("NFD", base)
        base = unicodedata.normalize("NFC", _TONE.sub("", letters))
        tones = _TONE.findall(letters)
    if len(tones) > 1 or (base.endswith(STOPS) and tones and tones[0] not in TONES_BEFORE_STOPS):
        return False
    is_start_and_rime = any(
        base[:end] in _STARTS and base[end:] in RIMES for end in range(_MAX_START + 1)
    )
    return is_start_and_rime or base == "gi"
