"""The signs of the console: strokes on a field of 20 by 20, drawn for it; the text beside each says the same."""

from collections.abc import Mapping
from types import MappingProxyType

ICONS: Mapping[str, str] = MappingProxyType(
    {
        "today": "M3 8.5 10 3l7 5.5V16a1 1 0 0 1-1 1h-3.5v-5h-5v5H4a1 1 0 0 1-1-1z",
        "inbox": "M3 11.5 5 4h10l2 7.5M3 11.5V16h14v-4.5M3 11.5h4a3 3 0 0 0 6 0h4",
        "appointments": "M3 4.5h14V17H3zM3 8.5h14M7 2.5v4M13 2.5v4",
        "deliveries": "M3 17V3M3 17h14M6.5 13.5V10M10 13.5V6M13.5 13.5V8.5",
        "schedules": "M4 5h2M4 10h2M4 15h2M9 5h8M9 10h8M9 15h5",
        "outbox": "M3 11v5h14v-5M10 12V3.5M6.5 7 10 3.5 13.5 7",
        "setup": "M3 6h7M14 6h3M3 14h3M10 14h7M12 4v4M8 12v4",
        "person": "M10 9.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM4 17c0-3.2 2.6-5.2 6-5.2s6 2 6 5.2",
        "plus": "M10 4v12M4 10h12",
        "search": "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l4 4",
        "clock": "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 6v4l2.5 2",
        "send": "M3 9.5 17 3l-4.5 14-3-6zM9.5 11 17 3",
        "check": "M4 10.5 8.5 15 16.5 5.5",
        "cross": "M5 5l10 10M15 5 5 15",
        "hourglass": "M5 3h10M5 17h10M6 3c0 4 8 4 8 7s-8 3-8 7M14 3c0 4-8 4-8 7s8 3 8 7",
        "skip": "M5 4.5 12 10l-7 5.5zM15 4.5v11",
        "ban": "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM5 5l10 10",
        "pause": "M7 4v12M13 4v12",
        "question": "M7 7a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M10 15.5v.5",
        "alarm": "M10 3 18 16.5H2zM10 8v4M10 14v.5",
        "sms": "M3 4h14v9.5H9L5.5 17v-3.5H3zM6.5 7.5h7M6.5 10.2h4.5",
        "email": "M3 5h14v10.5H3zM3 5.5l7 5.5 7-5.5",
        "reply": "M8 5 3 10l5 5M3 10h8c3.5 0 6 2 6 5.5",
        "down": "M5.5 8l4.5 4.5L14.5 8",
        "more": "M4.5 10h.01M10 10h.01M15.5 10h.01",
        "edit": "M4 16l.8-3.5L13.5 4 16 6.5 7.5 15.2z",
        "undo": "M7 4 3 8l4 4M3 8h9a4.5 4.5 0 0 1 0 9H8",
        "download": "M10 3v9.5M6.5 9 10 12.5 13.5 9M3 16.5h14",
        "upload": "M10 13V3.5M6.5 7 10 3.5 13.5 7M3 16.5h14",
        "arrow": "M4 10h12M11.5 5.5 16 10l-4.5 4.5",
        "info": "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 9v5M10 6.2v.3",
        "eye": "M2 10s3-5.5 8-5.5S18 10 18 10s-3 5.5-8 5.5S2 10 2 10zM10 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
        "key": "M7 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM9.5 9.5 16 3M13 6l2.5 2.5",
        "note": "M4 3h12v9.5L11.5 17H4zM16 12.5h-4.5V17M7 7h6M7 10h4",
        "trash": "M3.5 5.5h13M8 5.5V3.5h4v2M5.5 5.5 6.3 17h7.4l.8-11.5M8.5 8.5v5.5M11.5 8.5v5.5",
    }
)
