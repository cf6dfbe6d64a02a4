"""What a notebook shows of an analysis: its opening, who talks to whose networks, and the gravest findings."""

from markupsafe import Markup

from idletalk.model import Report
from idletalk.plural import counted
from idletalk.report.graph import graph, links
from idletalk.report.html import asset
from idletalk.report.terminal import opening
from idletalk.report.text import clean

MAX_FINDINGS = 10


def notebook(report: Report) -> str:
    """A piece of HTML that brings its own looks and touches nothing around it."""
    style = asset("page.css").replace(":root", ":scope")
    listed = Markup("").join(
        Markup('<li><span class="tag {0}">{0}</span> {1}</li>').format(finding.severity, clean(finding.sentence))
        for finding in report.findings[:MAX_FINDINGS]
    )
    more = len(report.findings) - MAX_FINDINGS
    return Markup(
        '<div class="idletalk"><style>@scope {{{style}}}</style><p>{opening}</p>{fleet}{graph}<ul class="findings">{listed}</ul>{more}</div>'
    ).format(
        style=Markup(style),  # noqa: S704  of this package
        opening=opening(report),
        fleet=Markup("<p>{}</p>").format(clean(" ".join(report.conclusions.fleet))),
        graph=Markup(graph(report, links(report))),  # noqa: S704  drawn and escaped there
        listed=listed,
        more=Markup("<p>{}</p>").format(counted(more, "more finding")) if more > 0 else "",
    )
