"""First and last names for the people of a network, whose labels are only one word or a number."""

import re
from collections.abc import Hashable

TITLES = {"Mlle": "Mademoiselle", "Mme": "Madame", "1": "First", "2": "Second"}
# Les Misérables as networkx has it names most people by one word; these have a better known other part in the book.
GIVEN = {
    "Napoleon": "Napoleon Bonaparte", "Myriel": "Charles Myriel", "MlleBaptistine": "Baptistine Myriel",
    "Labarre": "Jacquin Labarre", "Valjean": "Jean Valjean", "Isabeau": "Maubert Isabeau",
    "Gervais": "Petit Gervais", "Tholomyes": "Félix Tholomyès", "Cosette": "Cosette Fauchelevent",
    "Javert": "Inspector Javert", "Fauchelevent": "Ultime Fauchelevent", "Pontmercy": "Georges Pontmercy",
    "Eponine": "Éponine Thénardier", "Anzelma": "Azelma Thénardier", "Gavroche": "Gavroche Thénardier",
    "Gillenormand": "Luc-Esprit Gillenormand", "LtGillenormand": "Théodule Gillenormand",
    "Marius": "Marius Pontmercy", "Prouvaire": "Jean Prouvaire", "Perpetue": "Sister Perpétue",
    "Simplice": "Sister Simplice", "Count": "The Count", "Judge": "The Judge", "MmeHucheloup": "Widow Hucheloup",
    "Thenardier": "Monsieur Thénardier", "MmeThenardier": "Madame Thénardier", "Mabeuf": "Père Mabeuf",
    "Fantine": "Mademoiselle Fantine", "Favourite": "Mademoiselle Favourite", "Dahlia": "Mademoiselle Dahlia",
    "Zephine": "Mademoiselle Zéphine", "Marguerite": "Mademoiselle Marguerite", "Magnon": "Mademoiselle Magnon",
    "Toussaint": "Madame Toussaint",
}  # fmt: skip
FIRST = (
    "Ada", "Alan", "Barbara", "Blaise", "Carl", "Donald", "Edsger", "Emmy", "Fei", "Frances", "Grace", "Hedy",
    "Ida", "Jean", "Karen", "Katherine", "Leslie", "Lynn", "Mary", "Niklaus", "Radia", "Shafi", "Sophie", "Tim",
    "Tu", "Yukihiro",
)  # fmt: skip
LAST = (
    "Abbott", "Berger", "Castro", "Dubois", "Evans", "Fischer", "Garcia", "Haddad", "Ivanova", "Jensen",
    "Kowalski", "Lindgren", "Moreau", "Nakamura", "Okafor", "Petrov", "Quinn", "Rossi", "Silva", "Tanaka", "Ueda",
    "Varga", "Weber",
)  # fmt: skip


def of_misérables(label: str) -> tuple[str, str]:
    """First and last name of a character: `MmeMagloire` is Madame Magloire, `Woman1` First Woman."""
    if label in GIVEN:
        first, last = GIVEN[label].split(" ", 1)
        return first, last
    word = label.rstrip("12")
    if word != label:
        return TITLES[label[-1]], word
    first, *rest = re.findall(r"[A-Z][a-z]*", word)
    return (TITLES.get(first, first), " ".join(rest)) if rest else ("Monsieur", first)


def invented(label: Hashable) -> tuple[str, str]:
    """First and last name of a person that has only a number: always the same for the same number."""
    number = int(str(label))
    rounds, place = divmod(number, len(FIRST) * len(LAST))
    last = LAST[place % len(LAST)]
    return FIRST[place % len(FIRST)], f"{last} {rounds + 1}" if rounds else last
