"""Stack traces and crash reports by the shape of their frames."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.sample import Sample

FRAMES: Final = tuple(
    (language, re.compile(pattern))
    for language, pattern in (
        (
            "python",
            (
                r'[\s|]*File "[^"]+", line \d+|[\s|+]*(?:Exception Group )?Traceback \(most recent call last\)'
                r"|[\s|]*(?:\+[+-]+ \d+ -+|\+-+$|\^+$|~+\^+)"
                r"|\w+(?:Error|Exception|Warning) +Traceback \(most recent|<ipython-input|-{2,}> \d+ "
            ),
        ),
        (
            "java",
            (
                r"\s*at [\w.$<>/@-]+\([\w$. -]+(?::\d+)?\)|\s*\.\.\. \d+ (?:more|common frames omitted)|\s*(?:Caused by"
                r"|Suppressed): [\w.$]+|\s+- (?:locked|waiting)"
            ),
        ),
        ("dotnet", r"\s*at .+ in .+:line \d+|\s*at [\w.`<>\[\], ]+\(.*\)$|\s*--- End of (?:inner exception )?stack trace"),
        (
            "javascript",
            r"\s*(?:at )?(?:async )?.{0,200}\(?(?:https?|file|node|blob|resource|chrome-extension|webpack|app)(?::|%3A)[^\s]*:\d+\)?$",
        ),
        ("javascript", r"\s*at (?:async |new )?.*\(?(?:<anonymous>|native|eval|unknown location|[^\s()]*:\d+(?::\d+)?).*\)?$"),
        ("javascript", r"\s*(?:[\w.$<>\[\]/ ()*]*@)?(?:\S*[/\\])?[^\s:]*\.(?:[jt]sx?|m?js|bundle|html?)(?: line \d+ > \w+)*(?::\d+){1,2}$"),
        (
            "javascript",
            r"[\w.$<>\[\]/ ()*]*@(?:\[native code\]|https?://|file://|webpack|\S+:\d+:\d+).*$|\[native code\]$|eval code$|\s+at [\w.$]+$",
        ),
        (
            "go",
            (
                r"goroutine \d+ \[[\w ,()]+\]:|panic(?:\(|: )|\s+/?[\w./@~+%-]+\.(?:go|s):\d+(?: \+0x[0-9a-f]+)?$|created by "
                r"|\[signal SIG|exit status \d|fatal error: "
            ),
        ),
        ("javascript", r"[\w$.<>\[\] ]{1,120}\([^\s()]{1,300}:\d+:\d+\)$"),
        (
            "javascript",
            (
                r"called (?:from|via [\w.]+\(\) from) line \d+|Error (?:thrown|initially occurred|created) at line \d+"
                r"|\s*Line \d+ of .{0,40}script|Backtrace:$"
            ),
        ),
        ("go", r"[\w./~*()\[\]-]{1,120}\.[\w.()*{}\[\]<>-]{1,80}\((?:0x[0-9a-f]+|\.\.\.|\{|, |\}|\?|nil|false|true)*\)$"),
        (
            "ruby",
            (
                r"\s*(?:from |\d+: from )?[^\s:]+(?: \([\d.]+\) [^\s:]+)?(?:\.rb|\.erb|\.rake|bin/\w+|\(irb\)|\(eval\)"
                r"|<internal:[\w-]+>):\d+(?::in [`'].*)?"
            ),
        ),
        ("ruby", r"\s*[\w/.-]+ ?\([\d.]+\) [\w/.-]+:\d+:in "),
        (
            "php",
            (
                r"#\d+ (?:\[internal function\]|\S+\(\d+\)|\{main\})|(?:PHP )?Stack trace:$|\s+thrown in .* on line \d+|PHP +\d+\. "
                r"|PHP (?:Warning|Notice|Deprecated|Fatal error|Parse error): +.* on line \d+$|#\d+ .*called at \["
            ),
        ),
        (
            "rust",
            (
                r"thread '.*' (?:\(\d+\) )?panicked at|stack backtrace:$|\s+\d+: +(?:0x[0-9a-f]+ - )?[\w:<>{}#&' ,()$]+$"
                r"|\s+at \S+\.rs:\d+(?::\d+)?$|note: "
            ),
        ),
        (
            "native",
            (
                r"#\d+ +(?:0x[0-9a-f]+ in )?.*(?: (?:from|at) \S+|\(.*\))|\d+ +[\w.+-]+[ \t]+0x[0-9a-f]+ |Thread \d+ Crashed"
                r"|(?:Process|Identifier|Exception (?:Type|Codes|Subtype)|Termination (?:Reason|Signal)|Crashed Thread): "
                r"|Program received signal|\s*\[<?[0-9a-f]+>?\] [\w.]+\+0x"
            ),
        ),
        (
            "native",
            (
                r"==\d+==(?:ERROR: | )|\s+#\d+ (?:0x|pc )[0-9a-f]+ in |(?:Oops|BUG|RIP|(?:WARNING: )?CPU): |Call Trace:"
                r"|\s*</?(?:TASK|IRQ)>|\s+\??\s?[\w.]+\+0x[0-9a-f]+/0x[0-9a-f]+"
            ),
        ),
        ("elixir", r"\*\* \([\w.]+\) |\s+\(\w+ [\d.]+\) \S+\.(?:ex|erl):\d+: |\s+\S+\.exs?:\d+: "),
        ("erlang", r".*\{\w+,\w+,(?:\d+|\[.{0,400}\]),\s*\[(?:\{file,|\])|\*\* Reason for termination"),
        ("dart", r"#\d+ +\S+ \((?:package|dart|file):"),
        ("perl", r".* at \S+\.(?:p[lm]|t) line \d+\.?$|\s+\S+\(.*\) called at \S+ line \d+"),
        ("haskell", r"CallStack \(from \w+\):|\s+\w[\w']*, called at \S+:\d+:\d+ in |[\w.-]+: .*(?:exception|error|empty list)"),
        ("ocaml", r"(?:Raised (?:at|by primitive operation at)|Called from|Re-raised at) .*(?:line|lines) \d+|Fatal error: exception "),
        ("r", r"Error in .+ : |Calls: .+ -> |\s*\d+: [\w.$:]+\(.*\)$|Traceback:$|Execution halted"),
        ("lua", r"stack traceback:$|\s+\S+\.lua:\d+: in |lua: "),
        ("thread-dump", r'"[^"]+" #?\d*.*(?:prio|tid|nid)=|\s+java\.lang\.Thread\.State: |Full thread dump '),
    )
)
_THROWN: Final = re.compile(
    r"\s*(?:Uncaught |Unhandled |Exception in thread \"[^\"]*\" |fatal: |PHP Fatal error: +"
    r"|exception ')?(?:[A-Za-z_$][\w$]*(?:\.|::|\\))*[\w$]*(?:Error|Exception|Throwable|Failure|Panic|Interrupt"
    r"|Exit|Warning)\b(?:'| \[[\w_]+\]|$|[:(]| \()"
)
_LIKELY: Final = re.compile(
    r"\s*(?:at |File \"|.{0,400}(?::\d|@|\(\d+\)|\.rb|line \d|0x[0-9a-f]{4}|\[running\]|\[native)|#\d"
    r"|[\s|+]*(?:Exception Group )?Traceback|\s*(?:Calls: |CallStack|Call Trace:)|Oops: |BUG: "
    r"|stack|Full thread|\*\* \(|Error$)"
)
"""What some line of any trace has; most files have none and are done."""
_QUOTED: Final = re.compile(
    r"\s{2,}\S|\d+\t|\s*\^|\s*\S+:\d+$|\s*at |.*<anonymous>|\.\.\. \d+ lines|\s*(?:throw|raise|return)\b|\s*[})\]]+$"
)


def frames(sample: Sample) -> Vote | None:
    """Most lines are frames, the thrown error, or source quoted beneath a frame. A trace inside a log does not make the log a trace."""
    lines = sample.lines
    entries = sum(0 <= at <= 30 for at in sample.stamped)
    if entries > max(1, len(lines) * 0.05) or not any(map(_LIKELY.match, lines[:30])):
        return None
    best, hits = "", 0
    for language in dict.fromkeys(name for name, _ in FRAMES):
        patterns = [pattern for name, pattern in FRAMES if name == language]
        count = sum(any(p.match(line) for p in patterns) for line in lines)
        if count > hits:
            best, hits = language, count
    thrown = sum(_THROWN.match(line) is not None for line in lines)
    quoted = sum(_QUOTED.match(line) is not None for line in lines) if hits else 0
    share = min(1.0, (hits + thrown + entries + min(quoted, hits)) / len(lines))
    if not hits or share < 0.55 or (hits == 1 and not thrown and len(lines) > 2):
        return None
    sure = 0.7 + 0.2 * share + 0.02 * min(3, hits - 1) + (0.03 if thrown else 0)
    return Vote("trace", "stack-trace", min(0.97, sure), f"{hits} of {len(lines)} lines are frames of {best}")


def thrown(sample: Sample) -> Vote | None:
    """Nothing but the message of an error."""
    named = _THROWN.match(sample.top)
    if not named or len(sample.lines) > 3 or sample.stamped[0] >= 0:
        return None
    alone = named.end() <= 60 and len(sample.lines) == 1
    return Vote("trace", "stack-trace", 0.92 if alone else 0.8, "the name of an error and its message, without frames")


_CRASHES: Final = (
    ("hs-err", re.compile(r"# A fatal error has been detected by the Java Runtime Environment")),
    ("tombstone", re.compile(r"\*\*\* \*\*\* \*\*\* \*\*\* \*\*\*|Build fingerprint: '")),
    ("crash-report", re.compile(r"Incident Identifier: |Exception Type: +EXC_")),
)


def crashed(sample: Sample) -> Vote | None:
    """The head of a crash report: a Java machine's, Android's, Apple's."""
    named = (name for name, pattern in _CRASHES if any(map(pattern.match, sample.lines[:12])))
    name = next(named, None)
    return Vote("trace", name, 0.95, f"the head of a {name}") if name and not any(0 <= at <= 30 for at in sample.stamped[:12]) else None


TRACES: Final[tuple[Detector, ...]] = (frames, thrown, crashed)
