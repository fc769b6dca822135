"""Words that say what a number near them is. Presidio asks for them whole and in lower case."""

import re
from typing import Final

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "GROUPED_PHONE": (
        "phone", "telephone", "tel", "mobile", "cell", "cellphone", "fax", "msisdn", "whatsapp", "sms", "dial", "desk", "office", "call",
        "callback", "answering", "registered", "messages", "contact", "hotline", "landline", "pager", "voicemail",
    ),
    "RARE_CARD": ("card", "cards", "cc", "credit", "debit", "visa", "mastercard", "amex", "maestro", "discover", "diners", "jcb", "pan"),
    "US_DRIVER_LICENSE": ("license", "licence", "driver", "driving", "permit", "dl"),
    "US_SSN": ("ssn", "ssns", "social", "security"),
}  # fmt: skip
"""By type of candidate; a candidate of these types is nothing without one of them."""

WORD: Final = re.compile(r"[^\W_]+|[^\w\s]")
"""A word, or a punctuation mark; `phone_number` is two."""
