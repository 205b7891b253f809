"""What pathologists write in English, as the rules of a small grammar.

A rule maps a symbol to its alternatives, parted by ``|``; ``{symbol}`` stands for another rule, ``*3`` makes an
alternative three times as likely, an empty alternative may say nothing. `captions.expand` walks the rules.
"""

from __future__ import annotations

Rules = dict[str, str]


def _words(synonym: str, finding: str) -> Rules:
    return {"synonym": synonym, "finding": finding}


# What each tissue is called besides its phrase in `TISSUES`, and what is seen in it.
TISSUE_WORDS: dict[str, Rules] = {
    "adipose": _words(
        "fat *2 | fat cells *2 | mature adipocytes | fatty tissue | mature fat | adipocytes | lobules of fat",
        "large empty cells with thin walls | clear vacuoles with the nucleus pressed to the rim | a net of thin"
        " membranes like chicken wire | white lobules and a few thin septa between them",
    ),
    "background": _words(
        "empty background *2 | background without tissue | an empty field | blank glass | the empty slide",
        "no tissue here, only glass | a white field beside the section | nothing but glass and a little dust | the"
        " edge of the slide, nothing on it",
    ),
    "debris": _words(
        "necrotic debris *2 | necrosis *2 | dirty necrosis | cell debris | necrotic tissue | tumor necrosis",
        "ghosts of cells and nuclear dust | karyorrhexis in pink granular matter | smudged pink matter without"
        " outlines | broken nuclei among amorphous material",
    ),
    "lymphocytes": _words(
        "lymphoid aggregate | lymphoid tissue *2 | a dense lymphocytic infiltrate *2 | small lymphocytes |"
        " inflammatory infiltrate rich in lymphocytes | sheets of lymphocytes",
        "small round dark nuclei side by side | small blue cells with hardly any cytoplasm | a monotonous crowd of"
        " small dark cells | packed round nuclei with clumped chromatin",
    ),
    "mucus": _words(
        "mucin *2 | pools of mucin *2 | extracellular mucin | mucous lake | abundant mucus",
        "pale bluish pools with thin strands | wispy grey-blue material and a few floating cells | streaming pale"
        " material, nearly no nuclei | basophilic threads in a pale lake",
    ),
    "smooth_muscle": _words(
        "muscularis propria *2 | smooth muscle bundles *2 | smooth muscle fibres | muscle layer | smooth muscle tissue",
        "parallel pink fibres with cigar-shaped nuclei | interlacing fascicles of spindle cells | long eosinophilic"
        " bundles with blunt nuclei | bland elongated nuclei along pink fibres",
    ),
    "normal_colon_mucosa": _words(
        "normal colonic mucosa *3 | colonic crypts | unremarkable large bowel mucosa | normal colon glands | regular"
        " crypts with goblet cells | benign colon mucosa",
        "evenly spaced crypts like test tubes, many goblet cells | round crypts in a loose lamina propria | small"
        " basal nuclei and mucin in most cells | no dysplasia, the crypts reach the muscularis mucosae",
    ),
    "stroma": _words(
        "desmoplastic stroma *2 | tumor stroma | desmoplasia | reactive fibrous stroma | fibroblastic stroma |"
        " cancer stroma | collagen-rich stroma",
        "wavy collagen with plump fibroblasts | fibrous bands and scattered spindle nuclei | pink collagen bundles,"
        " a few inflammatory cells | loose myxoid to fibrous matrix",
    ),
    "colorectal_adenocarcinoma": _words(
        "colorectal adenocarcinoma *2 | colon cancer | colorectal cancer | tumor glands | tumour epithelium |"
        " malignant colonic glands | adenocarcinoma of the colon",
        "crowded irregular glands with stratified dark nuclei | cribriform glands with pencil-shaped nuclei | glands"
        " back to back, tall hyperchromatic nuclei | complex glands and loss of polarity",
    ),
    "lung_benign": _words(
        "normal lung *2 | lung parenchyma | alveoli | normal lung tissue *2 | benign alveolar tissue",
        "thin alveolar walls and open air spaces | delicate septa with flat pneumocytes | a lacework of empty"
        " alveoli | capillaries in thin septa, no atypia",
    ),
    "lung_malignant": _words(
        "lung cancer | pulmonary adenocarcinoma *2 | adenocarcinoma of the lung *2 | malignant lung tumor | lung tumor",
        "malignant glands that replace the alveoli | acinar growth in a fibrous background | large nuclei with"
        " prominent nucleoli in nests | invasive acini, pleomorphic nuclei",
    ),
    "breast_benign": _words(
        "normal breast *2 | terminal duct lobular units | breast lobules | normal breast tissue *2 | benign ducts"
        " and lobules",
        "small ducts with two cell layers in loose stroma | lobules of small acini, myoepithelium intact | quiet"
        " lobules in fibrous stroma | regular ducts, no atypia",
    ),
    "breast_malignant": _words(
        "invasive ductal carcinoma *3 | breast cancer *2 | IDC | invasive carcinoma of no special type | malignant"
        " breast tumor",
        "nests and cords of atypical cells in dense stroma | irregular cords, large nuclei, no myoepithelial layer |"
        " solid nests with marked pleomorphism | infiltrating trabeculae with mitoses",
    ),
    "skin_benign": _words(
        "normal skin *3 | epidermis and dermis | unremarkable skin | benign epidermis | normal epidermis",
        "basket-weave keratin above a regular epidermis | even rete ridges over a collagen-rich dermis | keratin,"
        " quiet keratinocytes and dermis below | stratum corneum and bland squamous layers",
    ),
    "skin_malignant": _words(
        "malignant melanoma *3 | melanoma of the skin | cutaneous melanoma | malignant skin tumor | nodular melanoma",
        "nests of atypical melanocytes with large nucleoli | pigmented epithelioid cells in sheets | pleomorphic"
        " melanocytes and mitoses in the dermis | large cells with brown pigment",
    ),
    "stomach_benign": _words(
        "normal gastric mucosa *3 | normal stomach | gastric pits and glands | foveolar epithelium | benign stomach"
        " mucosa",
        "foveolar cells with caps of mucin | regular pits above packed glands | short pits, quiet lamina propria |"
        " no Helicobacter, no intestinal metaplasia",
    ),
    "stomach_malignant": _words(
        "signet ring cells | signet ring cell carcinoma *3 | gastric cancer *2 | poorly cohesive gastric carcinoma |"
        " malignant stomach tumor",
        "single cells with a vacuole of mucin and a crescent nucleus | discohesive cells in the lamina propria |"
        " vacuolated cells that push the nucleus aside | scattered signet rings in fibrous stroma",
    ),
}

ORGAN_WORDS: dict[str, Rules] = {
    "colon": {"organ": "colon *2 | large bowel | sigmoid", "adjective": "colon *2 | colonic | colorectal",
              "specimen": "colectomy | colon biopsy | hemicolectomy | sigmoid resection"},
    "lung": {"organ": "lung", "adjective": "lung *3 | pulmonary",
             "specimen": "lobectomy | lung biopsy | wedge resection of the lung | lung resection"},
    "breast": {"organ": "breast", "adjective": "breast *4 | mammary",
               "specimen": "mastectomy | breast core biopsy | lumpectomy | breast excision"},
    "skin": {"organ": "skin", "adjective": "skin *3 | cutaneous",
             "specimen": "punch biopsy | skin excision | shave biopsy | skin biopsy"},
    "stomach": {"organ": "stomach", "adjective": "gastric *2 | stomach",
                "specimen": "gastrectomy | gastric biopsy | stomach biopsy | endoscopic biopsy"},
}  # fmt: skip

MALIGNANT: Rules = {
    "verdict": "malignant {adjective} tissue *4 | malignant tissue from the {organ} | malignant tissue *2 |"
    " {adjective} tumor tissue *3 | tumor tissue *2 | tumor tissue from the {organ} | cancerous {adjective} tissue |"
    " malignant {adjective} tumor",
    "degree": "poorly differentiated | moderately differentiated | high grade | well differentiated, but invasive",
}
BENIGN: Rules = {
    "verdict": "benign {adjective} tissue *4 | benign tissue from the {organ} | benign tissue *2 | normal"
    " {adjective} tissue *3 | normal tissue *2 | normal tissue from the {organ} | non-neoplastic {adjective} tissue",
    "degree": "no atypia | no evidence of malignancy | not malignant | entirely benign | within normal limits",
}
NEUTRAL: Rules = {"verdict": "{phrase}", "degree": "extensive | focal | abundant | textbook picture"}

ENGLISH: Rules = {
    "caption": "{head} {place}. {seen}. {more} {close} *4 | {head} {place}: {finding}. {more} {close} *3 | {head},"
    " {finding}. {more} {lesson} *2 | {history} {head}. {seen}. {more} {close} *3 | {seen} {place}. {judged}. {more}"
    " {close} | {history} {judged} {place}. {seen}. {more} {lesson} | {head} {place}. {lesson}",
    "head": "an H&E image of {name} *5 | H&E image of {name} *2 | H&E of {name} | H&E stain of {name} | {fine}"
    " example of {name} *2 | {name} *3 | this is {name} | today's slide shows {name} | {name} on H&E | H&E, {name} |"
    " histology of {name} | {specimen} with {name}",
    "name": "{phrase} *4 | {synonym} *3 | {verdict} *4",
    "place": "in a {specimen} | from the {organ} |  *2",
    "seen": "{finding} *2 | note the {finding} | we see {finding} | look at this: {finding} | {finding}, {degree}",
    "judged": "signed out as {name} | diagnosis: {name} *2 | {name}, {degree} | final diagnosis was {name} | dx:"
    " {name}",
    "history": "{age}-year-old {sex} with a {adjective} lesion. | {age} yo {sex}. *2 | {specimen}, {age} years. |"
    " incidental finding, {age} yo. | {sex}, {age}, follow-up {specimen}.",
    "age": "23 | 34 | 41 | 48 | 52 | 57 | 63 | 66 | 71 | 78 | 84",
    "sex": "man | woman | male | female | patient",
    "more": "{opinion} | {lesson} *2 | {degree}. | ",
    "close": "{power} *3 | {opinion} *2 | {lesson} *2 |  *2",
    "power": "{stain}, {times}. *2 | {times}. | {stain} {times} magnification.",
    "stain": "H&E *6 | HE | haematoxylin and eosin | hematoxylin & eosin",
    "times": "4x | 10x *2 | 20x *3 | 40x *3 | 200x | 400x",
    "fine": "beautiful | nice *2 | classic *2 | textbook | great | lovely | typical *2 | good",
    "opinion": "never gets old. | one for the teaching file. | I love this pattern. | best seen at low power. | what"
    " a picture. | such a clean example. | simple but worth a look. | shared with the residents today.",
    "lesson": "easy to overlook at low power, so scan the whole slide. | remember to look at the edges of the"
    " section. | compare the size of the nuclei with a lymphocyte. | architecture first, cytology second. | always"
    " correlate with the clinical history. | good reminder for those who sit the boards soon.",
    "question": "what is your diagnosis? | {history} {finding}. What is it? *2 | benign or malignant? {history} | is"
    " this {name}? {finding}. | {history} {finding}. Thoughts? *2 | {name} or something else? {times}. | any ideas?"
    " {specimen}, {age} years. | {history} dx please, {finding}. | {finding}, guess the diagnosis, answer tomorrow."
    " | how would you sign this out? {finding} {place}.",
    "rhetorical": "{head} {place}. {seen}. Who else enjoys this pattern? | did you know? {head} {place}: {finding}."
    " | what makes this {name}? {finding}, that is all. {close}",
    "agree": "agree, {name} | yes, {name} *2 | I would call this {name} *2 | looks like {name} to me | {name} |"
    " favour {name} | my first thought: {name}",
    "reply": "{agree}. {seen}. {lesson} *2 | {agree}, given {finding}. {close} *3 | {agree}. {finding}, {degree}."
    " {more} *2 | {finding}, so {name}. {close} | {agree}. {lesson} | thanks for sharing. {agree}, because of"
    " {finding}. {more} *2",
    "empty": "great case! | thanks for sharing! | beautiful! | wow, what a picture. | congratulations to the whole"
    " team. | so cool, saving this for later. | following this one. | nice photos, which camera do you use | thank"
    " you, very useful for our residents who meet every Tuesday morning. | same here, we had three of these last"
    " month and nobody believed us.",
    "vague": "interesting case from today's sign-out. | a slide to start the week. | from my archive, enjoy. | see"
    " the thread for the whole story of this patient, it took us months. | this one made the whole room stop"
    " talking. | {opinion} {power}",
    "advert": "join our webinar on {adjective} pathology, places are limited, register today. | new edition of the"
    " {organ} atlas is out, order now with a discount. | call for abstracts: submit your best {adjective} case until"
    " Friday. | our new scanner does a rack of slides over lunch, visit our booth. | fellowship in {adjective}"
    " pathology, apply by the end of the month.",
    "chatter": "wonderful dinner with the team after a long day of talks. | full room at the {organ} session this"
    " morning, thanks to all who came. | first day at the meeting, good to see everybody again. | coffee and a tray"
    " of slides, what a start of the week. | proud of our residents who passed their boards.",
    "alt": "{head} {place} *2 | {name} {place}, histology image | microscopic image of {name} {place}, {stain} stain"
    " *2 | {name} {place} - {stain} stain, {times} | photomicrograph of {name} showing {finding} *3 | {adjective}"
    " pathology: {name} under the microscope, {times} *2 | stock photo of {name}, light micrograph | {head},"
    " {finding} *2 | figure: {name}, {finding}",
}  # fmt: skip

ABBREVIATIONS: Rules = {
    "adenocarcinoma": "adenoca | adenoCA", "carcinoma": "ca", "lymphocytes": "lymphs", "with": "w/", "without": "w/o",
    "patient": "pt", "diagnosis": "dx", "biopsy": "bx", "benign": "bng", "year-old": "yo", "because": "bc",
}  # fmt: skip

EVERYDAY: dict[str, str] = {
    "shapes": "flat shapes | coloured shapes | circles and squares | simple geometric figures | a drawing of shapes",
    "chart": "a chart with axes | a bar chart | a line chart | a diagram of numbers | a plot with bars and lines",
    "text_page": "a page of text | a printed page | a scanned letter | lines of text on paper | a slide full of text",
    "fractal": "a fractal | a Mandelbrot fractal | fractal art | an infinite swirl, computer art | a Julia set",
    "fabric": "a woven fabric in pink and purple | pink fabric | a piece of cloth | purple textile with a weave | a"
    " scarf",
    "blood_smear": "a blood smear | red blood cells | a blood film | round red cells on glass | a drop of blood,"
    " stained",
    "group_photo": "a group photo | people at a meeting | our team | a row of people | friends in front of a wall",
    "landscape": "a landscape with hills | hills under the sky | mountains in the evening | a view of the valley | a"
    " sunset",
    "flowers": "pink flowers in a meadow | flowers | a field of blossoms | a bunch of roses | purple flowers in spring",
    "marble": "marble with veins | a marble surface | polished stone | a kitchen top of marble | veins in white stone",
    "masonry": "a wall of bricks or tiles | a brick wall | bathroom tiles | old bricks | a paved yard",
    "micrograph": "a fluorescence micrograph | glowing cells | bright nuclei on black | fluorescent cells | a dark"
    " field image",
    "photo": "a photograph | a motorcycle or a face | a snapshot | an old photograph | a photo in a frame",
}
EVERYDAY_RULES: Rules = {
    "everyday": "{thing} *4 | a picture of {thing} *2 | {thing}, {extra} *4 | {thing} - {extra} *2 | photo: {thing},"
    " {extra}",
    "extra": "high resolution stock image | free download | seen on a walk last summer | royalty free picture | for"
    " your desktop | handmade, ships tomorrow | close up | wallpaper | from our holiday | print on canvas in three"
    " sizes",
}
