"""How a page looks. Fixed text: its hash stands in the page's policy, so no other style can be put in."""

import base64
import hashlib
from typing import Final

PICTURE: Final = """
svg.timeline{font:12px system-ui,sans-serif}
@media (prefers-color-scheme:dark){
.timeline text{fill:#e6edf3}
.timeline .number{fill:#fff}
.timeline .paper{fill:#0d1117}
.timeline .lane{fill:#b1bac4}
.timeline .felt{fill:#ff7b72}
.timeline .mark,.timeline .break{stroke:#9198a1}
.timeline .cause{stroke:#d2a8ff}
.timeline .action path{fill:#57606a}
}
"""

PAGE: Final = (
    """
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:#1f2328;font:16px/1.5 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:20px 16px 48px}
h1{font-size:1.5rem;line-height:1.3;margin:8px 0 16px}
h2{font-size:1.2rem;margin:32px 0 8px;padding-bottom:4px;border-bottom:1px solid #d1d9e0}
h3{font-size:1rem;margin:20px 0 4px}
p{margin:6px 0}
ul,ol{margin:6px 0;padding-left:22px}
li{margin:5px 0}
h1,p,li,td,th,code,pre{overflow-wrap:anywhere}
code,pre{font:13px/1.45 ui-monospace,monospace}
code{background:#eff2f5;border-radius:3px;padding:1px 4px;white-space:pre-wrap}
pre{background:#1f2328;color:#f6f8fa;border-radius:6px;padding:8px 10px;margin:6px 0;white-space:pre-wrap}
pre code{background:none;padding:0;font:inherit}
a{color:#0550ae}
time{white-space:nowrap}
.badge{display:inline-block;border-radius:4px;padding:1px 8px;font-weight:700;color:#fff;background:#57606a}
.badge.bad{background:#a40e26}
.badge.warn{background:#7d4e00}
.badge.good{background:#116329}
.key{background:#f6f8fa;border:1px solid #d1d9e0;border-radius:8px;padding:2px 16px 10px;margin:12px 0}
.key h2{border:0;margin:10px 0 4px;padding:0}
.scroll{overflow-x:auto}
svg.timeline{max-width:100%;height:auto;display:block;margin:8px 0}
table{border-collapse:collapse;width:100%;font-size:14px}
caption{text-align:left;color:#57606a;font-size:13px;padding:4px 0}
th,td{text-align:left;vertical-align:top;border-bottom:1px solid #d1d9e0;padding:5px 10px 5px 0}
thead th,td strong{white-space:nowrap}
tbody th{font-weight:600}
tr:target{background:#fff8c5}
footer{margin-top:32px;color:#57606a;font-size:13px}
@media (prefers-color-scheme:dark){
body{background:#0d1117;color:#e6edf3}
h2,th,td{border-color:#3d444d}
code{background:#212830}
pre{background:#212830}
a{color:#79c0ff}
.key{background:#151b23;border-color:#3d444d}
caption,footer{color:#9198a1}
tr:target{background:#3a2d00}
}
@media print{
body{font-size:11pt;background:#fff;color:#000}
main{max-width:none;padding:0}
pre{background:#fff;color:#000;border:1px solid #888}
.badge{color:#000;background:none;border:1px solid #000}
h2,h3{break-after:avoid}
li,tr,.key,svg{break-inside:avoid}
}
"""
    + PICTURE
)


def digest(style: str) -> str:
    """Return a style's hash as a source of a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
