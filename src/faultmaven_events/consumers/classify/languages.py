"""Which statements belong to which language: data for `sources`."""

from typing import Final

STATEMENTS: Final = (
    ("python", 0.5, r"def \w+\(.*|async def \w+\(.*|class \w+(?:\(.*\))?:$|from [\w.]+ import .+|if __name__ == .*:"),
    (
        "python",
        0.3,
        (
            r"import [\w.]+(?: as \w+)?(?:, .*)?$|@\w[\w.]*(?:\(.*\)?)?$|(?:if|elif|else|for|while|with|try|except"
            r"|finally)\b.*:$|\"\"\"|'''|\w+: (?:int|str|bool|float|bytes|Final|list|dict|Optional|Any|Callable|tuple|type"
            r"|Literal|TypeAlias|Incomplete)\b.*|self\.\w+|raise \w+|return\b.*[^;]$|print\("
        ),
    ),
    ("python", 0.5, r"(?:cdef|cpdef|cimport) .*|from [\w.]+ cimport .*|async with .*:|with .* as \w+:"),
    (
        "cmake",
        0.5,
        (
            r"(?i:(?:set|if|else|elseif|endif|foreach|endforeach|function|endfunction|macro|endmacro|include|project"
            r"|message|option|list|string|install|file|while|return|unset|mark_as_advanced|(?:add|target|find|get|set"
            r"|cmake|include|link|configure|check|enable)_\w+) ?\(.*)"
        ),
    ),
    (
        "fortran",
        0.5,
        (
            r"(?i:(?:end ?)?(?:subroutine|program|module|function|interface)\b(?: \w+.*)?|implicit none|(?:integer|real"
            r"|character|logical|complex|double precision)\b.*(?:::|,| \w+$).*|use \w+(?:,.*)?|contains|call \w+ ?\(.*"
            r"|.*\) then$)"
        ),
    ),
    (
        "c",
        0.5,
        (
            r"#include\s*[<\"].+[>\"]|#(?:ifndef|ifdef|define|endif|pragma|if defined|undef|if|else)\b.*|typedef (?:struct"
            r"|enum|union)\b.*"
        ),
    ),
    (
        "c",
        0.3,
        (
            r"(?:static |extern |const |inline |unsigned )*(?:int|void|char|long|size_t|struct \w+|uint\d+_t|bool|double"
            r"|float|PyObject)\b[\s*]+\w+.*[;{(,)]$|return\b.*;$|/\*.*|\*/"
        ),
    ),
    (
        "cpp",
        0.5,
        (
            r"#include <(?:iostream|string|vector|map|memory|cstdint|algorithm)>|namespace \w+.*|using namespace .*;"
            r"|template ?<.*|std::.*|class \w+.*[{:]?$|\w[\w<>:*& ]*\w+::~?\w+\(.*|(?:public|private|protected):$"
            r"|TEST(?:_F)?\("
        ),
    ),
    (
        "java",
        0.5,
        (
            r"package [\w.]+;|import (?:static )?[\w.]+(?:\.\*)?;|(?:public|private|protected)\s+(?:static |final "
            r"|abstract |synchronized |class |interface |enum |void |[\w<>\[\], ]+).*[;{(,)]?$|@(?:Override|Test|Autowired"
            r"|Inject|Entity|Deprecated|SuppressWarnings)\b.*"
        ),
    ),
    (
        "kotlin",
        0.5,
        (
            r"(?:(?:override|private|internal|suspend|open|inline|public|data|sealed|abstract) )*(?:fun |class \w+.*[({]"
            r"|object \w+|interface \w+)[^;]*$|va[lr] \w+.*[^;]$"
        ),
    ),
    (
        "scala",
        0.5,
        (
            r"(?:(?:override|private|implicit|final|case|sealed|abstract) )*(?:def \w+.*=.*|object \w+.*\{|trait \w+.*"
            r"|case class .*|class \w+.*[({])|import [\w.]+(?:\.\{.*\}|\._)$"
        ),
    ),
    (
        "csharp",
        0.5,
        (
            r"using [\w.]+;|namespace [\w.]+;?|(?:public|private|protected|internal)\s+(?:static |sealed |async |override "
            r"|virtual |readonly |partial |abstract )*(?:class|interface|struct|enum|void|Task|string|int|bool|var"
            r"|record)\b.*|\[\w+(?:\(.*\))?\]$"
        ),
    ),
    (
        "rust",
        0.5,
        (
            r"(?:pub(?:\(\w+\))? )?(?:async )?(?:fn \w+.*|struct \w+.*|enum \w+.*|trait \w+.*|mod \w+[;{ ].*|impl\b.*"
            r"|use [\w:{}, *]+;?|unsafe .*|const \w+: .*|static \w+: .*|type \w+ = .*;)|#!?\[\w+.*\]|macro_rules! .*"
            r"|extern crate .*"
        ),
    ),
    ("rust", 0.3, r"let (?:mut )?\w+.*[;{(\[|]$|match .* \{$|\w[\w:<>]*!\(.*|///.*|//!.*|if let .*|Ok\(.*\)$|\}\)?\?;?$"),
    (
        "go",
        0.5,
        (
            r"package \w+$|func (?:\(\w+ \*?[\w.\[\]]+\) )?\w*\(.*|type \w+ (?:struct|interface|func|\[\]|map).*"
            r"|import (?:\(|\".*\")|if err != nil \{|defer .*\)$|go func\(.*|\w+(?:, \w+)* := .*"
        ),
    ),
    (
        "typescript",
        0.5,
        (
            r"export (?:declare |default |abstract |async |type |const |class |interface |enum |function |namespace |\{"
            r"|\*).*|import (?:type )?(?:\{.*|\w+|\* as \w+|\w+, ?\{.*)(?: from ['\"].*['\"];?)?$|import ['\"].*['\"];?"
            r"|declare (?:module|const|function|namespace|global|let|var|type|class|interface|enum|abstract).*"
            r"|interface \w+.*\{|type \w+(?:<.*>)? ?=.*|readonly \w+.*|/// <reference .*"
        ),
    ),
    ("typescript", 0.3, r"[\w$?]+(?:<.*>)?\(.*\): .*;$|\w+\??: [\w<>\[\]|& .'\"]+;$"),
    (
        "javascript",
        0.5,
        (
            r"(?:module\.)?exports(?:\.\w+)? ?=.*|(?:const|let|var) .*=.*(?:[;{(\[,`]|=>|require\(.*\));?$"
            r"|(?:async )?function\*? ?\w*\(.*|['\"]use strict['\"];?|\(function ?\(.*|\w+\.prototype\..*|(?:describe|it"
            r"|test)\(['\"].*|(?:document|window|console|\$)[.(].*|.*=> \{$|if \(.*\) \{$|\}\);?$|return .*;$"
            r"|class \w+(?: extends [\w.]+)? \{"
        ),
    ),
    (
        "php",
        0.6,
        (
            r"<\?php.*|\$\w+(?:->\w+|\[.*\])* ?=.*;|use [\w\\]+;|(?:public|private"
            r"|protected)? ?(?:static )?function \w+\(.*|namespace [\w\\]+;"
        ),
    ),
    (
        "ruby",
        0.5,
        (
            r"require(?:_relative)? ['\"].*|module [A-Z]\w*$|class [A-Z]\w*(?: < [\w:]+)?$"
            r"|def (?:self\.)?\w+[?!]?(?:\(.*\))?$|attr_\w+ :.*|end$|.*\bdo(?: \|.*\|)?$|puts .*|gem ['\"].*|(?:it"
            r"|describe|context|let)\b.* do$|(?:unless|elsif) .*"
        ),
    ),
    ("perl", 0.5, r"use (?:strict|warnings|[A-Z]\w*(?:::\w+)*).*;|my [\$@%(]\w*.*|sub \w+ ?\{?|package [\w:]+;$|=(?:head\d|cut|pod).*"),
    ("shell", 0.6, r"#!.*\b(?:ba|z|k|da)?sh\b.*"),
    (
        "shell",
        0.3,
        (
            r"set -[a-zA-Z]+.*|if \[\[? .*|(?:el)?if .*; then$|then$|fi$|done$|esac$|for \w+ in .*|while .*; do$|do$"
            r"|\w+\(\) ?\{|function \w+ ?(?:\(\))? ?\{|echo .*|export \w+=.*|local \w+.*|[a-z_A-Z]+=\$\(.*|exit \d"
            r"|case .* in$|source \S+|\. /\S+|(?:cd|mkdir|rm|cp|mv|chmod|curl|apt-get|sudo|docker|kubectl|grep|sed|awk) .*"
        ),
    ),
    (
        "sql",
        0.5,
        (
            r"(?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+|UNIQUE\s+|MATERIALIZED\s+"
            r"|GLOBAL\s+)*(?:TABLE|INDEX|VIEW|DATABASE|SCHEMA|FUNCTION|PROCEDURE|TRIGGER|SEQUENCE|TYPE|ROLE|USER|EXTENSION"
            r"|POLICY)\b.*|INSERT\s+INTO\b.*|DELETE\s+FROM\b.*|UPDATE\s+\S+\s+SET\b.*|WITH\s+(?:RECURSIVE\s+)?\w+\s+AS\b.*"
            r"|SELECT\b.*\bFROM\b.*|SELECT(?: DISTINCT)?|\{%-? ?(?:macro|materialization|snapshot)\b.*|GRANT\s+.*"
            r"|TRUNCATE\s+.*"
        ),
    ),
    (
        "sql",
        0.3,
        (
            r"SELECT\b.*|FROM\s+\S+.*|WHERE\s+.*|(?:LEFT|RIGHT|INNER|OUTER|FULL|CROSS)?\s?JOIN\s+.*|GROUP BY .*"
            r"|ORDER BY .*|BEGIN;?|COMMIT;?|UNION(?: ALL)?|VALUES\b.*|\{%-? ?(?:macro|set|if|for|call|endmacro|endif"
            r"|endfor|endcall|else|elif|materialization|test|snapshot|do)\b.*|\{\{.*\}\}.*|LIMIT \d+;?|AND .*|(?:ON"
            r"|HAVING) .*"
        ),
    ),
    ("css", 0.5, r"@(?:media|import|charset|font-face|keyframes)\b.*|[a-z-]+: ?[^;{}]+;$"),
    ("css", 0.3, r"[.#]?[\w-]+[ ,.:#>\w\[\]=\"-]*\{$"),
    ("lua", 0.5, r"local (?:function )?\w+.*|function [\w.:]+\(.*\)$|end[,)]?$|.* then$|require ?\(?['\"].*"),
    (
        "powershell",
        0.5,
        (
            r"param ?\($|\$\w+ = .*[^;]$|(?:Get|Set|New|Remove|Write|Import|Start|Stop|Add|Invoke|Test)-[A-Z]\w+.*"
            r"|function [A-Z]\w+-\w+.*|\[CmdletBinding.*|<#$"
        ),
    ),
    (
        "swift",
        0.5,
        (
            r"import (?:Foundation|UIKit|SwiftUI|Combine)$|(?:public |private |internal |open |static |override "
            r"|final )*(?:func \w+.*|struct \w+.*\{|protocol \w+.*|extension \w+.*|enum \w+.*\{|class \w+.*\{)|guard .*"
            r"|(?:let|var) \w+(?:: .*)?(?: = .*)?[^;]$"
        ),
    ),
    (
        "vim",
        0.5,
        (
            r"(?:let|unlet|if exists|syn(?:tax)?|hi(?:ghlight)?|au(?:tocmd)?|aug(?:roup)?|setl(?:ocal)?|func(?:tion)?"
            r"|endfunc(?:tion)?|command|[nvix]?noremap|[nvi]?map|vim9script|runtime|finish|loadkeymap|scriptencoding"
            r"|an|tln|[a-z]?menu|menutrans)(?:[ !(].*)?"
        ),
    ),
    ("vim", 0.3, r"\".*|set \w+[&+]?.*|endif|call \w+[\w#:]*\(.*"),
    ("proto", 0.6, r"syntax ?= ?\"proto\d\";|message \w+ \{|service \w+ \{|rpc \w+\(.*|(?:optional |repeated )?[\w.]+ \w+ = \d+;.*"),
    ("haskell", 0.5, r"module [A-Z][\w.]*.*where|import qualified .*|\w+ :: .*|data \w+.* =.*|instance .* where|\{-# .*#-\}"),
    ("elixir", 0.5, r"defmodule [\w.]+ do|defp? \w+.* do$|use [A-Z][\w.]+.*|alias [A-Z].*|\|> .*"),
    ("erlang", 0.5, r"-(?:module|export|include|define|record|behaviou?r|spec)\(.*\)?\.?|\w+\(.*\) ->$"),
    ("r", 0.5, r"library\(\w+\)|\w[\w.]* <- .*|install\.packages\(.*"),
    (
        "groovy",
        0.5,
        (
            r"pipeline \{|stages? ?(?:\(.*\))? \{|steps \{|def \w+ = .*|apply plugin: .*|(?:implementation"
            r"|testImplementation|api|compile) ['\"(].*|dependencies \{|plugins \{"
        ),
    ),
    (
        "assembly",
        0.5,
        (
            r"\.(?:globl|global|section|text|data|align|type|size)\b.*|(?:mov|push|pop|call|jmp|ret|lea|add|sub|xor"
            r"|cmp)[lqwb]?\s+[%$\w].*"
        ),
    ),
)
"""Language, weight of a line, and the stripped lines that count."""
