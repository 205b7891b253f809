"""What pathologists write in other languages: a name for each tissue, and a few sentences around it.

Much of it looks like English pathology, since both borrow from Latin and Greek: that is what makes language
identification on captions hard.
"""

from __future__ import annotations

ORDER = (
    "adipose", "background", "debris", "lymphocytes", "mucus", "smooth_muscle", "normal_colon_mucosa", "stroma",
    "colorectal_adenocarcinoma", "lung_benign", "lung_malignant", "breast_benign", "breast_malignant", "skin_benign",
    "skin_malignant", "stomach_benign", "stomach_malignant",
)  # fmt: skip

NAMES: dict[str, str] = {
    "es": "tejido adiposo|fondo sin tejido|restos necróticos|linfocitos|moco|músculo liso|mucosa de colon"
    " normal|estroma tumoral|adenocarcinoma colorrectal|pulmón normal|adenocarcinoma de pulmón|mama"
    " benigna|carcinoma ductal invasor de mama|piel normal|melanoma maligno|mucosa gástrica normal|carcinoma"
    " gástrico de células en anillo de sello",
    "pt": "tecido adiposo|fundo sem tecido|restos necróticos|linfócitos|muco|músculo liso|mucosa do cólon"
    " normal|estroma tumoral|adenocarcinoma colorretal|pulmão normal|adenocarcinoma do pulmão|mama benigna|carcinoma"
    " ductal invasivo da mama|pele normal|melanoma maligno|mucosa gástrica normal|carcinoma gástrico de células em"
    " anel de sinete",
    "fr": "tissu adipeux|fond de lame vide|débris nécrotiques|lymphocytes|mucus|muscle lisse|muqueuse colique"
    " normale|stroma tumoral|adénocarcinome colorectal|poumon normal|adénocarcinome du poumon|sein bénin|carcinome"
    " canalaire infiltrant du sein|peau normale|mélanome malin|muqueuse gastrique normale|carcinome gastrique à"
    " cellules en bague à chaton",
    "de": "Fettgewebe|leerer Hintergrund|nekrotischer Detritus|Lymphozyten|Schleim|glatte Muskulatur|normale"
    " Kolonschleimhaut|Tumorstroma|kolorektales Adenokarzinom|normale Lunge|Adenokarzinom der Lunge|gutartiges"
    " Brustgewebe|invasives Mammakarzinom|normale Haut|malignes Melanom|normale"
    " Magenschleimhaut|Siegelringzellkarzinom des Magens",
    "it": "tessuto adiposo|fondo vuoto|detriti necrotici|linfociti|muco|muscolo liscio|mucosa del colon"
    " normale|stroma tumorale|adenocarcinoma del colon-retto|polmone normale|adenocarcinoma del polmone|mammella"
    " benigna|carcinoma duttale invasivo della mammella|cute normale|melanoma maligno|mucosa gastrica"
    " normale|carcinoma gastrico a cellule ad anello",
    "tr": "yağ dokusu|boş zemin|nekrotik debris|lenfositler|mukus|düz kas|normal kolon mukozası|tümör"
    " stroması|kolorektal adenokarsinom|normal akciğer|akciğer adenokarsinomu|benign meme dokusu|invaziv meme"
    " karsinomu|normal deri|malign melanom|normal mide mukozası|taşlı yüzük hücreli mide karsinomu",
    "ja": "脂肪組織|背景のみ|壊死物|リンパ球|粘液|平滑筋|正常大腸粘膜"
    "|癌間質|大腸腺癌|正常肺組織|肺腺癌|良性乳腺組織|浸潤性乳管癌|正常皮膚|悪性黒色腫|正常胃粘膜|胃印環細胞癌",
}  # fmt: skip

RULES: dict[str, dict[str, str]] = {
    "es": {
        "caption": "imagen de {name}, tinción H&E, {times}. {close} *2 | {open}: {name}. {close} *2 | {open}: {name}"
        " en paciente de {age} años. {close}",
        "open": "caso interesante de hoy | hermoso ejemplo | del servicio de esta mañana | les comparto este caso",
        "close": "siempre hay que mirar los bordes de la muestra. | saludos a todos. | muy buena semana para los"
        " colegas. | se observan núcleos con cromatina fina.",
        "question": "¿cuál es su diagnóstico? {age} años. | ¿qué opinan ustedes de este caso? {name}?",
    },
    "pt": {
        "caption": "imagem de {name}, coloração H&E, {times}. {close} *2 | {open}: {name}. {close} *2 | {open}:"
        " {name} em doente de {age} anos. {close}",
        "open": "caso interessante de hoje | belo exemplo | mais um da rotina desta manhã | partilho este caso",
        "close": "não esquecer de olhar as margens da peça. | boa semana a todos os colegas. | observam-se núcleos"
        " com cromatina fina. | um clássico da nossa rotina.",
        "question": "qual é o seu diagnóstico? {age} anos. | o que acham deste caso? {name}?",
    },
    "fr": {
        "caption": "image de {name}, coloration HE, {times}. {close} *2 | {open}\u00a0: {name}. {close} *2 |"
        " {open}\u00a0: {name} chez un patient de {age} ans. {close}",
        "open": "le cas du jour | un bel exemple | une lame de ce matin | je partage ce cas",
        "close": "il faut toujours regarder les bords de la lame. | bonne semaine à tous les collègues. | on voit"
        " des noyaux à la chromatine fine. | à garder pour les internes.",
        "question": "quel est votre diagnostic\u00a0? {age} ans. | qu'en pensez-vous\u00a0? {name}\u00a0?",
    },
    "de": {
        "caption": "HE-Bild: {name}, {times}. {close} *2 | {open}: {name}. {close} *2 | {open}: {name} bei {age}"
        " Jahre altem Patienten. {close}",
        "open": "Fall des Tages | ein schönes Beispiel | aus der Routine von heute morgen | dieser Fall zum"
        " Wochenanfang",
        "close": "immer auch die Ränder des Präparats ansehen. | schöne Woche an alle im Labor. | man sieht Kerne"
        " mit feinem Chromatin. | ein Klassiker für die Fortbildung.",
        "question": "was ist Ihre Diagnose? {age} Jahre. | was meint ihr zu diesem Fall? {name}?",
    },
    "it": {
        "caption": "immagine di {name}, colorazione EE, {times}. {close} *2 | {open}: {name}. {close} *2 | {open}:"
        " {name} in un paziente di {age} anni. {close}",
        "open": "caso interessante di oggi | un bell'esempio | dalla routine di questa mattina | condivido questo caso",
        "close": "bisogna sempre guardare i margini del pezzo. | buona settimana a tutti i colleghi. | si vedono"
        " nuclei con cromatina fine. | da tenere per gli specializzandi.",
        "question": "qual è la vostra diagnosi? {age} anni. | che cosa ne pensate? {name}?",
    },
    "tr": {
        "caption": "{name}, H&E boyası, {times}. {close} *2 | {open}: {name}. {close} *2 | {age} yaşında hastada"
        " {name}. {close}",
        "open": "günün olgusu | güzel bir örnek | bu sabahki rutinden | bu olguyu paylaşıyorum",
        "close": "kesitin kenarlarına mutlaka bakmak gerekir. | herkese iyi haftalar. | kromatini ince çekirdekler"
        " izleniyor. | asistanlar için güzel bir örnek.",
        "question": "tanınız nedir? {age} yaşında hasta. | bu olgu için ne düşünürsünüz? {name}?",
    },
    "ja": {
        "caption": "{name}のHE染色像です。{close} *2 | {open}、{name}。{close} *2 |"
        " {age}歳の患者さん、{name}でした。{close}",
        "open": "今日の症例 | 教科書的な所見 | 今朝の標本から | きれいな症例",
        "close": "標本の端も必ず見ましょう。 | 皆さん良い一週間を。 | 核のクロマチンは繊細です。 |"
        " 研修医の教育に使えます。",
        "question": "診断は何でしょうか？{age}歳。 | この症例、どう思いますか？",
    },
}  # fmt: skip
EVERYDAY: dict[str, str] = {
    "es": "una foto bonita de las vacaciones | flores del jardín de mi abuela | imagen gratis en alta resolución |"
    " un día con los amigos en la playa",
    "pt": "uma foto bonita das férias | flores do jardim da minha avó | imagem grátis em alta resolução | um dia com"
    " os amigos",
    "fr": "une belle photo de vacances | les fleurs du jardin de ma grand-mère | image gratuite en haute résolution",
    "de": "ein schönes Foto aus dem Urlaub | Blumen aus dem Garten meiner Oma | kostenloses Bild in hoher Auflösung",
    "it": "una bella foto delle vacanze | i fiori del giardino della nonna | immagine gratuita in alta risoluzione",
    "tr": "tatilden güzel bir fotoğraf | anneannemin bahçesinden çiçekler | yüksek çözünürlüklü ücretsiz resim",
    "ja": "旅行の写真です | 庭の花がきれいに咲きました | 高画質の無料画像",
}  # fmt: skip
