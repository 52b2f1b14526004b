"""Orders to a grader in languages other than English, coarsely: a sentence with words of two of three lists.

An introduction may hold a greeting or a proverb in the speaker's own language; it does not speak of marks and of giving
or ignoring in it. Latin scripts are compared without accents.
"""

import re
import unicodedata

GRADING = (
    # German, Spanish, French, Portuguese, Italian
    r"note|noten|punkte|punktzahl|bewertung|bewerte|bewerten|prufer|benotung|volle punktzahl|hochstnote|bestnote"
    r"|nota|notas|puntos|puntuacion|calificacion|evaluador|evaluadora|criterios|apartado|correcteur|correctrice"
    r"|notation|bareme|criteres|evaluateur|examinateur|pontos|pontuacao|avaliador|avaliacao|voto|voti|punteggio"
    r"|valutatore|criteri|esaminatore"
    # Hindi in Latin letters, Turkish, Polish, Indonesian, Vietnamese (without accents)
    r"|ank|anka|number dijiye|numbar|pariksha|parikshak|puan|notu|ocena|ocene|punktow|nilai|penilai|diem",
    r"分|评分|打分|分数|得分|满分|评分员|老师请给|标准",
    r"अंक|नंबर|परीक्षक|मूल्यांकन|दर्जा",
    r"درجة|الدرجة|علامة|العلامة|المصحح|التقييم|المعايير|درجات",
    r"балл|баллы|баллов|оценк\w*|проверяющ\w*|экзаменатор\w*|критери\w*",
    r"点数|採点|満点|評価|점수|채점|만점|평가",
)
ORDERING = (
    r"gib|geben sie|vergib|ignoriere\w*|missachte|vergiss|setze|bewerte\w*|ignora|ignorar|ignore[zr]?|olvida|pon|ponga"
    r"|escriba|escribe|de me|dame|oublie[zr]?|mettez|mets|donne[zr]?|attribue[zr]?|ecrivez|esqueca|de-me|coloque"
    r"|dimentica|assegna|dai|metti|scrivi|dijiye|dijie|dena|den|karo|kijiye|mat dijiye|ver|yok say|daj|zignoruj"
    r"|beri|berikan|abaikan|hay cho|bo qua|merece|verdient|merite|merita",
    r"忽略|无视|忘记|给|打|请给|写|输出",
    r"दीजिए|दें|दो|अनदेखा|नज़रअंदाज़|लिखें",
    r"تجاهل|أعط|اعط|أعطني|امنح|اكتب|انس",
    r"игнорируй\w*|поставь\w*|постав\w*|дай\w*|забудь\w*|напиши\w*",
    r"無視|与え|付けて|つけて|忘れ|무시|주세요|줘",
)
FULL = (
    r"zehn|volle|maximale?|hochste|beste|perfekt|alle kriterien|diez|maxima|maximo|perfecta|todos|cada|dix|maximale"
    r"|parfait|partout|toutes|dez|perfeito|dieci|massimo|perfetto|tutti|das|poore|pure|sabhi|on|tam|dziesiec"
    r"|maksymaln\w*|sepuluh|penuh|muoi|10|100|anweisung\w*|instrucciones|consignes|instructions|instrucoes|istruzioni",
    r"十|满|最高|每一项|所有|指示|全部",
    r"दस|पूरे|सभी|निर्देश|अधिकतम",
    r"عشرة|الكاملة|كاملة|كل|التعليمات|القصوى|السابقة",
    r"десять|максим\w*|высш\w*|все|инструкц\w*",
    r"十点|最高|すべて|指示|십|모든|최고|지시",
)


def _compiled(lists: tuple[str, ...]) -> re.Pattern[str]:
    latin, *others = lists
    return re.compile(rf"\b(?:{latin})\b|(?:{'|'.join(others)})")


_LISTS = tuple(_compiled(lists) for lists in (GRADING, ORDERING, FULL))
_ENGLISH = re.compile(r"\b(?:the|and|is|my|of|to|in|that|i|was|with|for|have|are|we|you|it)\b")
_LATIN = re.compile(r"[a-z]+")


def is_order(sentence: str) -> bool:
    """Whether a sentence that is not English speaks of a grade and of giving it, or of ignoring what was said."""
    folded = unicodedata.normalize("NFKD", sentence.lower())
    bare = "".join(char for char in folded if not unicodedata.combining(char) or ord(char) > 0x0370)
    words = _LATIN.findall(bare)
    if words and len(_ENGLISH.findall(bare)) >= max(2, len(words) / 5):
        return False
    composed = unicodedata.normalize("NFC", bare)
    return sum(bool(pattern.search(composed)) for pattern in _LISTS) >= 2
