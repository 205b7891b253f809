"""The questions of the book for a learning platform: GIFT (Moodle), QTI 2.1 (most others), and a key.

GIFT is one text; QTI is a zip with one file a question and a list of them. Both keep the feedback of each answer.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from xml.etree import ElementTree as Xml

import course
from course import LETTERS, Question
from markdown_it import MarkdownIt

QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
CONTENT = "http://www.imsglobal.org/xsd/imscp_v1p1"
#: One point for the right answer, and the feedback of the answer that was chosen.
PROCESSING = """<responseProcessing>
<responseCondition>
<responseIf><match><variable identifier="RESPONSE"/><correct identifier="RESPONSE"/></match>
<setOutcomeValue identifier="SCORE"><baseValue baseType="float">1</baseValue></setOutcomeValue></responseIf>
</responseCondition>
<setOutcomeValue identifier="FEEDBACK"><variable identifier="RESPONSE"/></setOutcomeValue>
</responseProcessing>"""


def gift(units: list[str]) -> str:
    """All questions as GIFT, a category for each unit."""
    parts = []
    for unit in units:
        parts.append(f"$CATEGORY: plip/{unit}")
        parts += [_gift(unit, question) for question in course.questions(unit)]
    return "\n\n".join(parts) + "\n"


def _gift(unit: str, question: Question) -> str:
    lines = [f"\t{'=' if a.right else '~'}{_escaped(a.text)}#{_escaped(a.why)}" for a in question.answers]
    return f"::{unit}.{question.id}::[markdown]{_escaped(question.stem)} {{\n" + "\n".join(lines) + "\n}"


def _escaped(text: str) -> str:
    """What GIFT would take for marks; a line break is written out."""
    return re.sub(r"([\\~=#{}:])", r"\\\1", text).replace("\n", "\\n")


def key(units: list[str]) -> str:
    """A table for the teacher: which answer is right, and what the wrong ones tell of those who choose them."""
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["unit", "question", "answer", "right", "text", "misconception"])
    for unit in units:
        for question in course.questions(unit):
            for letter, answer in zip(LETTERS, question.answers, strict=False):
                right = "yes" if answer.right else ""
                rows.writerow([unit, question.id, letter, right, answer.text, answer.misconception])
    return table.getvalue()


def qti(units: list[str]) -> bytes:
    """All questions as a content package of QTI 2.1: the bytes of a zip."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
        names = []
        for unit in units:
            for question in course.questions(unit):
                names.append(f"q_{unit}.{question.id}")  # an identifier begins with a letter
                package.writestr(f"items/{names[-1]}.xml", _text(_item(names[-1], question)))
        package.writestr("imsmanifest.xml", _text(_manifest(names)))
    return written.getvalue()


def _item(name: str, question: Question) -> Xml.Element:
    item = Xml.Element(
        "assessmentItem", xmlns=QTI, identifier=name, title=name, adaptive="false", timeDependent="false"
    )
    declared = Xml.SubElement(
        item, "responseDeclaration", identifier="RESPONSE", cardinality="single", baseType="identifier"
    )
    Xml.SubElement(Xml.SubElement(declared, "correctResponse"), "value").text = LETTERS[question.right]
    for outcome, kind in (("SCORE", "float"), ("FEEDBACK", "identifier")):
        Xml.SubElement(item, "outcomeDeclaration", identifier=outcome, cardinality="single", baseType=kind)
    asked = Xml.SubElement(
        Xml.SubElement(item, "itemBody"),
        "choiceInteraction",
        responseIdentifier="RESPONSE",
        shuffle="true",
        maxChoices="1",
    )
    asked.append(_html("prompt", question.stem))
    for letter, answer in zip(LETTERS, question.answers, strict=False):
        choice = _html("simpleChoice", answer.text)
        choice.set("identifier", letter)
        asked.append(choice)
    item.append(Xml.fromstring(PROCESSING))
    for letter, answer in zip(LETTERS, question.answers, strict=False):
        told = _html("modalFeedback", answer.why)
        told.attrib |= {"identifier": letter, "outcomeIdentifier": "FEEDBACK", "showHide": "show"}
        item.append(told)
    return item


def _html(tag: str, markdown: str) -> Xml.Element:
    """An element that holds what a piece of Markdown says, as HTML."""
    return Xml.fromstring(f"<{tag}>{MarkdownIt('js-default', {'xhtmlOut': True}).renderInline(markdown)}</{tag}>")


def _manifest(names: list[str]) -> Xml.Element:
    manifest = Xml.Element("manifest", xmlns=CONTENT, identifier="plip-tutorial")
    about = Xml.SubElement(manifest, "metadata")
    Xml.SubElement(about, "schema").text = "QTIv2.1 Package"
    Xml.SubElement(about, "schemaversion").text = "1.0.0"
    Xml.SubElement(manifest, "organizations")
    resources = Xml.SubElement(manifest, "resources")
    for name in names:
        where = f"items/{name}.xml"
        resource = Xml.SubElement(resources, "resource", identifier=name, type="imsqti_item_xmlv2p1", href=where)
        Xml.SubElement(resource, "file", href=where)
    return manifest


def _text(element: Xml.Element) -> bytes:
    Xml.indent(element)
    return Xml.tostring(element, encoding="utf-8", xml_declaration=True)
