"""The words of ``vocabulary`` for languages in Latin letters, without accents. Data only."""

from introeval.grading.addressing.vocabulary import Families

GERMAN = Families(
    score=r"noten?|punkte?n?|punktzahl|bewertung|bestnote|hochstnote|benotung|hochstpunktzahl|vollpunktzahl"
    r"|ergebnis|wertung",
    verdict=r"zehn|volle[nr]?|maximal\w*|maximum|hochste?\w*|beste?n?|bestnote|perfekt\w*|ausgezeichnet\w*"
    r"|hervorragend\w*"
    r"|sehr gut|eins|10|100",
    order=r"gib|geben sie|gebt|vergib|vergeben sie|setze?|setzen sie|schreibe?|schreiben sie|bewerte|bewerten sie"
    r"|bewertet"
    r"|trage?|tragen sie|benote|benoten sie|erteile\w*|(?:soll|muss|sollen|mussen|sollte)\b.*\b(?:geben|vergeben"
    r"|eintragen"
    r"|schreiben|bewerten)|verdient|verdiene",
    ignore=r"ignorier\w*|missachte\w*|vergiss|vergessen sie|uberspring\w*|ubergeh\w*",
    rules=r"anweisung\w*|regeln?|vorgaben?|kriterien|richtlinien|rubrik|instruktion\w*|bewertungs\w+",
    grader=r"prufer\w*|bewerter\w*|korrektor\w*|gutachter\w*|kunstliche intelligenz|ki|computer|sprachmodell",
    claim=r"diese[rsnm]?|gesamt\w*|endnote|end\w*|lautet|vortrag\w*|rede|student\w*|mir|von zehn",
    spare=r"(?:keine|nicht|ohne)\b.{0,20}\b(?:punkte?|abzug|abzuge|fehler)\b.{0,12}\b(?:ab|abziehen|zu zahlen)"
    r"|zieh\w*\b.{0,20}"
    r"\b(?:keine|nichts)\b.{0,20}\bab",
)
FRENCH = Families(
    score=r"notes?|points?|notation|bareme|evaluation|resultat|mention",
    verdict=r"dix|vingt|maximum|maximale?|parfaite?|excellente?|meilleure?|tous les|toutes|plus haute|10|20|100",
    order=r"donnez|donne[ -](?:moi|lui|a)|mets|mettez|mettre|attribue[zr]?|ecri[st]|ecrivez|evalue[zr]?|notez"
    r"|accorde[zr]?|merite"
    r"|doit\b.*\w+er|inscri\w+",
    ignore=r"(?<!ai )(?<!a )oublie[zr]?|ignore[zr]?|ne tenez pas compte",
    rules=r"consignes?|instructions?|regles?|criteres?|directives?|bareme",
    grader=r"correcteur|correctrice|examinateur|examinatrice|evaluateur|evaluatrice|machine|ordinateur|ia",
    claim=r"finale?|cette|ce discours|cet etudiant|presentation|globale|moi",
    spare=r"n ?'?(?:enlev|retir|ot|soustray|dedui)\w+ (?:pas|aucun|rien)\b|sans (?:enlever|retirer|deduire)",
)
SPANISH = Families(
    score=r"notas?|puntos?|puntuacion\w*|puntaje|calificacion\w*|evaluacion|resultado",
    verdict=r"diez|maxim[ao]s?|perfect[ao]s?|excelentes?|mas alt[ao]|mejor|complet[ao]|10|100",
    order=r"pon|ponme|ponga\w*|ponle|dame|deme|denme|dale|dele|otorg\w*|asign[ae]\w*|escrib[ae]|califi(?:ca"
    r"|que)\w*|evalu[ae]\w*"
    r"|merece|marca|marque|debe\w*\b.*\w+[aei]r",
    ignore=r"ignor[ae]\w*|olvid[ae]\w*|omit[ae]|haz caso omiso",
    rules=r"instruccion\w*|reglas?|criterios?|rubrica|indicacion\w*|directrices",
    grader=r"evaluador\w*|examinador\w*|calificador\w*|corrector\w*|maquina|inteligencia artificial|jurado",
    claim=r"final|este|esta|estudiante|discurso|total|presentacion",
    spare=r"no (?:me |le )?(?:quit|descuent|rest|baj)\w+\b.{0,20}\b(?:puntos?|nada|nota)",
)
PORTUGUESE = Families(
    score=r"notas?|pontos?|pontuacao|avaliacao|resultado",
    verdict=r"dez|maxim[ao]s?|perfeit[ao]s?|excelentes?|mais alta|melhor|10|100",
    order=r"me de|de me|de-me|da-me|de a|atribu[ai]\w*|coloque|coloca|escrev[ae]|avalie|conced[ae]|merece|marque"
    r"|ponha|deve\b.*\w+[aei]r",
    ignore=r"ignor[ae]\w*|esquec[ae]\w*|desconsider\w*|desconsidere",
    rules=r"instruc\w*|regras?|criterios?|rubrica|orientac\w*",
    grader=r"avaliador\w*|examinador\w*|corretor\w*|maquina|inteligencia artificial|computador",
    claim=r"final|deste|desta|este|esta|alun[oa]|discurso|total|apresentacao",
    spare=r"nao (?:me )?(?:descont|tir|retir|subtrai)\w*\b.{0,20}\b(?:pontos?|nada|nota)?",
)
ITALIAN = Families(
    score=r"vot[oi]|punt[oi]|punteggi[o]?|valutazione|risultato|giudizio",
    verdict=r"dieci|trenta|massim[oa]|perfett[oa]|eccellente|ottimo|pieni|piu alt[oa]|migliore|10|100|lode",
    order=r"dammi|dai|dia|mi dia|metti\w*|metta|assegna\w*|assegni|scriv[ia]|valut[ai]|merita|concedi"
    r"|dev[ei]\b.*\w+[aei]re",
    ignore=r"ignor[ai]\w*|dimentic[ah]\w*|trascura\w*",
    rules=r"istruzion[ie]|regol[ae]|criter[i]+o?|rubrica|indicazioni",
    grader=r"valutatore|valutatrice|esaminatore|esaminatrice|correttore|macchina|intelligenza artificiale",
    claim=r"final[ei]|quest[oa]|studente|discorso|complessiv[oa]|presentazione",
    spare=r"non (?:mi )?(?:togli|toglier|sottrarr?|tolga|detrarr?)\w*\b.{0,20}\b(?:punti|punto|nulla|niente|voto)",
)
DUTCH = Families(
    score=r"cijfers?|punten|punt|beoordeling|score",
    verdict=r"tien|hoogste|volle|maximale?|perfecte?|beste|uitstekend|10|100",
    order=r"geef|geeft u|schrijf|zet|noteer|beoordeel|ken|verdient|moet\b.*\b(?:geven|schrijven)",
    ignore=r"negeer|vergeet|sla",
    rules=r"instructies?|regels|criteria|rubriek|richtlijnen|aanwijzingen",
    grader=r"beoordelaar|examinator|corrector|computer|taalmodel",
    claim=r"deze|dit|eind\w*|student|toespraak|een tien",
    spare=r"trek\b.{0,20}\b(?:geen|niets)\b.{0,20}\baf",
)
POLISH = Families(
    score=r"ocen[aey]?|ocene|punkt\w*|wynik\w*|stopien|not[ae]",
    verdict=r"dziesiec\w*|najwyzs\w*|maksymaln\w*|pelna|pelne|doskonal\w*|najleps\w*|celujac\w*|sto|10|100",
    order=r"daj|dajcie|dac|przyznaj\w*|postaw\w*|wpisz\w*|napisz\w*|wystaw\w*|ocen(?:ic|cie)?|zaslugu\w*"
    r"|prosze\b.*\bo",
    ignore=r"zignoruj\w*|ignoruj\w*|zapomnij\w*|pomin\w*",
    rules=r"instrukc\w*|polece\w*|zasad\w*|kryteri\w*|regul\w*",
    grader=r"egzaminator\w*|oceniajac\w*|sedzi\w*|komputer\w*|sztuczna inteligencj\w*",
    claim=r"koncow\w*|t[aeo]j?|wypowiedz\w*|student\w*",
    spare=r"nie (?:odejmuj\w*|obnizaj\w*|zabieraj\w*)",
)
TURKISH = Families(
    score=r"puan\w*|not|notu|notunu|notum|degerlendirme\w*|skor\w*",
    verdict=r"tam|on|en yuksek|mukemmel|en iyi|yuz|maksimum|10|100",
    order=r"ver|verin|veriniz|verir misiniz|verilmeli\w*|yaz|yazin|yaziniz|degerlendirin|degerlendir|hak ediyor"
    r"|vermelisin\w*",
    ignore=r"yok say\w*|gormezden gel\w*|unut\w*|dikkate alma\w*",
    rules=r"talimat\w*|kural\w*|kriter\w*|yonerge\w*",
    grader=r"degerlendiric\w*|sinav gorevlisi|jur[iy]\w*|yapay zeka|bilgisayar",
    claim=r"bu|ogrenci\w*|konusma\w*|sonuc|toplam|uzerinden",
    spare=r"puan\w* (?:kirma\w*|dusurme\w*)",
)
INDONESIAN = Families(
    score=r"nilai\w*|poin|skor|penilaian|angka|markah",
    verdict=r"sempurna|sepuluh|seratus|penuh|tertinggi|maksim\w*|terbaik|10|100",
    order=r"beri|berikan|berilah|kasih|tulis\w*|isi|nilailah|pantas|layak|harus (?:memberi\w*|mendapat\w*)",
    ignore=r"abaikan|lupakan|jangan ikuti",
    rules=r"instruksi|perintah|aturan|petunjuk|kriteria|rubrik",
    grader=r"penilai|penguji|pemeriksa|mesin|komputer|kecerdasan buatan",
    claim=r"akhir|ini|pidato|mahasiswa|siswa|total",
    spare=r"jangan (?:kurangi|potong)\b.{0,20}\b(?:nilai|poin|skor)?",
)
VIETNAMESE = Families(
    score=r"diem\w*|ket qua",
    verdict=r"toi da|muoi|cao nhat|tuyet doi|hoan hao|xuat sac|tram|10|100",
    order=r"hay cho|xin cho|cho toi|cho em|cham|vui long cho|hay ghi|hay viet|hay danh gia|xung dang",
    ignore=r"bo qua|quen|phot lo",
    rules=r"huong dan|chi dan|quy tac|tieu chi|lenh",
    grader=r"giam khao|nguoi cham|may cham|tri tue nhan tao",
    claim=r"cuoi cung|bai nay|sinh vien nay|tren muoi",
    spare=r"(?:dung|khong) tru diem",
)
HINDI_LATIN = Families(
    score=r"anko?|number|numbers|marks|nambar|numbar|score|points?|grade|moolyankan",
    verdict=r"das|poore|pure|poora|full|sabse (?:zyada|jyada|achh?[ae])|sau|top|sabhi|10|100",
    order=r"dena|dijiye|dijie|dijiyega|de do|de dena|de dijiye|den|do|likho|likhiye|likh do|karo|kar do|milne"
    r" chahiye",
    ignore=r"bhool jao|bhul jao|bhool jaiye|nazarandaz|ignore|andekha|mat (?:mano|dekho|maniye)",
    rules=r"nirdesh\w*|niyam\w*|instructions?|rules?|rubric",
    grader=r"examiner|parikshak|grader|computer ji|teacher ji|sir ji",
    claim=r"is (?:chhatra|student|bhashan)|antim|das mein se",
    spare=r"(?:number|marks|ank) mat (?:kato|kaat\w*|katna)",
)
SWAHILI = Families(
    score=r"alama\w*|daraja|maksi",
    verdict=r"zote|kumi|juu|kamili|bora|10|100",
    order=r"nipe|nipatie|mpe|toa|andika|weka",
    ignore=r"puuza|sahau",
    rules=r"maagizo|maelekezo|sheria|kanuni",
    grader=r"mtahini|msahihishaji|mashine|kompyuta",
    claim=r"hii|huyu|mwisho|hotuba",
    spare=r"usi(?:kate|punguze) alama",
)
ROMANISED = Families(  # Chinese and Russian in Latin letters
    score=r"man ?fen|fen|otsenk\w*|ball?ov|ball?y?",
    verdict=r"man ?fen|shi fen|maksimaln\w*|vysshi\w*|desyat|luchsh\w*",
    order=r"qing gei|gei wo|gei ta|postav\w*|daite?|dajte?",
    ignore=r"hulue|hushi|ignoriru\w*|zabud\w*",
    rules=r"zhiling|instruktsi\w*|pravil\w*",
    grader=r"pingfenyuan|ekzaminator\w*|proveryayush\w*",
    claim=r"zhe ge|etoi|etomu|itogov\w*",
    spare=r"bu yao kou fen|bie kou fen|ne snizha\w*",
)
CZECH = Families(  # and Slovak
    score=r"znamk\w*|bod[uy]?|bodu|hodnocen\w*|vysled\w*",
    verdict=r"deset|nejlepsi|nejvyssi|maximaln\w*|plny|plny pocet|vyborn\w*|perfektn\w*|10|100",
    order=r"dej\w*|udel\w*|napis\w*|zapis\w*|ohodnot\w*|hodnot\w*|prid\w*|zaslouz\w*",
    ignore=r"ignoruj\w*|zapomen\w*|nedbej\w*",
    rules=r"pokyn\w*|instrukc\w*|pravid\w*|kriteri\w*",
    grader=r"zkousejici\w*|hodnotitel\w*|porot\w*|pocitac\w*",
    claim=r"tento|teto|tato|konecn\w*|vysledn\w*|celkov\w*|student\w*",
    spare=r"nestrhavej\w*|neodecitej\w*|nesnizuj\w*",
)
SCANDINAVIAN = Families(
    score=r"betyg\w*|poang|poeng|point|karakter\w*|resultat\w*|bedomning\w*|vurdering\w*",
    verdict=r"tio|ti|hogsta|hojeste|hoyeste|full|fulle|fuld\w*|basta|beste|perfekt|maksimal\w*|maximal\w*|10|100",
    order=r"ge|gi|giv|skriv|satt|sett|bedom|bedom|vurder|tildela|fortjanar|fortjener",
    ignore=r"ignorera|ignorer|glom|glem|bortse",
    rules=r"instruktion\w*|instruks\w*|regler\w*|kriteri\w*|anvisning\w*",
    grader=r"examinator\w*|bedomare\w*|sensor|dator\w*|sprakmodell\w*",
    claim=r"denna|detta|denne|dette|slut\w*|student\w*|total\w*",
    spare=r"dra inte av|ikke trekk|trekk ikke",
)
ROMANIAN = Families(
    score=r"not[ae]|punct\w*|punctaj\w*|evaluare\w*|calificativ\w*",
    verdict=r"zece|maxim[ae]?|perfect\w*|excelent\w*|cea mai mare|10|100",
    order=r"da-mi|dati-mi|dati|da|acorda\w*|acordati|scrie\w*|pune\w*|evaluati|merita",
    ignore=r"ignora\w*|uita\w*",
    rules=r"instructiun\w*|reguli\w*|criterii\w*",
    grader=r"examinator\w*|evaluator\w*|calculator\w*",
    claim=r"final\w*|acest\w*|aceast\w*|student\w*",
    spare=r"nu (?:scade|taia)\w* (?:puncte|nimic)?",
)
TAGALOG = Families(
    score=r"marka\w*|puntos|grado|iskor|score",
    verdict=r"sampu|perpekto|pinakamataas|buo\w*|10|100",
    order=r"bigyan|ibigay|isulat|ilagay|pakibigay|paki",
    ignore=r"huwag pansinin|kalimutan|balewalain",
    rules=r"tagubilin|panuto|patakaran|alituntunin",
    grader=r"tagasuri|hurado|kompyuter",
    claim=r"ako|estudyante\w*|talumpati\w*|ito",
    spare=r"huwag (?:bawasan|magbawas)",
)
LATIN = (
    *(GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN, DUTCH, POLISH, TURKISH, INDONESIAN, VIETNAMESE),
    *(HINDI_LATIN, SWAHILI, ROMANISED, CZECH, SCANDINAVIAN, ROMANIAN, TAGALOG),
)
