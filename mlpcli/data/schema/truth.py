"""Truth values: yes and no, true and false, on and off, in common languages and any case of letters."""

from __future__ import annotations

from collections.abc import Iterable

_PAIRS = """
    false true, f t, no yes, n y, off on, nein ja, n j, non oui, no si, no sí, não sim,
    nao sim, hayır evet, hayir evet, nu da, нет да, не да, ні так, nie tak, nie áno,
    nie ano, ne ano, nem igen, ei kyllä, ei kylla, ei jah, nej ja, nei ja, nei já, nee ja,
    ne da, ne taip, nē jā, όχι ναι, jo po, ez bai, không có, tidak ya, לא כן, لا نعم,
    नहीं हाँ, いいえ はい, 否 是, 아니오 예, 아니요 예, falsch wahr, faux vrai, falso vero,
    falso verdadero, falso verdadeiro, onwaar waar, falskt sant, falsk sann, falsk sand,
    fałsz prawda, hamis igaz, ложь истина, yanlış doğru, epätosi tosi, inactive active,
    inaktiv aktiv, inactif actif, inactivo activo, inativo ativo, inattivo attivo,
    inactief actief, inaktywny aktywny, pasif aktif, disabled enabled, negative positive,
    neg pos, negativ positiv, négatif positif, negativo positivo, fail pass, failed passed,
    failure success, absent present, unchecked checked, - +
"""
PAIRS = tuple(tuple(pair.split()) for pair in _PAIRS.split(","))
"""The words for no and for yes of each pair, in small letters."""

NO, YES = "0", "1"
_AFFIRMATIVE = {yes for _, yes in PAIRS} - {no for no, _ in PAIRS}
_KNOWN = {no: 0.0 for no, _ in PAIRS} | {yes: 1.0 for yes in _AFFIRMATIVE}


def truth_value(word: str) -> float | None:
    """Return 0 or 1 for a word that says no or yes in any of the languages; None for others."""
    return _KNOWN.get(word.lower())


def truth_pair(words: Iterable[str], numbers: Iterable[float] = ()) -> tuple[str, str] | None:
    """Return the words for no and yes, in the spelling that comes first, if the words are such a pair.

    All words have to be of the pairs of one language or of true and false, and both values have to be there;
    0 and 1 among the numbers count as them, where at least one word is there. None where it is no pair.
    """
    spelled: dict[str, str] = {}
    for word in words:
        spelled.setdefault(word.lower(), word)
        if len(spelled) > 4:
            return None
    values = {float(number) for number in numbers}
    if not spelled or not values <= {0.0, 1.0}:
        return None
    for pair in PAIRS:
        known = {*pair, *PAIRS[0]}
        if not known >= set(spelled):
            continue
        found = {_KNOWN[word] if word in _KNOWN else float(word == pair[1]) for word in spelled}
        if found | values == {0.0, 1.0}:
            no = next((spelled[word] for word in (pair[0], PAIRS[0][0]) if word in spelled), NO)
            yes = next((spelled[word] for word in (pair[1], PAIRS[0][1]) if word in spelled), YES)
            return no, yes
    return None


def truth_codes(word: str, levels: tuple[str, ...]) -> float | None:
    """Return 0 or 1 for a word of a column with these levels for no and yes; None for a word of neither."""
    for at, level in enumerate(levels):
        if word == level or word.lower() == level.lower():
            return float(at)
    return {NO: 0.0, YES: 1.0, "0.0": 0.0, "1.0": 1.0}.get(word, truth_value(word))
