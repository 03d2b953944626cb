package dev.mishap.proxy.log;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A pattern of log lines in spdlog's syntax. A flag that spdlog does not know is written as it stands. Immutable. */
final class LogPattern {
    /** Envoy's. */
    static final String DEFAULT = "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v";

    private static final long PID = ProcessHandle.current().pid();
    private static final String OURS = "dev.mishap.proxy.log.";
    private static final String[] MONTHS = {
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December"
    };
    private static final String[] DAYS = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

    private final List<Object> parts; // String of text, or Character of a flag
    private final boolean escape;
    private final boolean needsCaller;

    private LogPattern(List<Object> parts, boolean escape, boolean needsCaller) {
        this.parts = parts;
        this.escape = escape;
        this.needsCaller = needsCaller;
    }

    static LogPattern of(String pattern, boolean escape) {
        List<Object> parts = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        boolean caller = false;
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            if (c != '%' || i + 1 == pattern.length()) {
                text.append(c);
                continue;
            }
            char flag = pattern.charAt(++i);
            if (flag == '%') {
                text.append('%');
            } else {
                if (text.length() > 0) {
                    parts.add(text.toString());
                    text.setLength(0);
                }
                parts.add(flag);
                caller |= "g#s@!".indexOf(flag) >= 0;
            }
        }
        if (text.length() > 0) {
            parts.add(text.toString());
        }
        return new LogPattern(List.copyOf(parts), escape, caller);
    }

    void append(Instant now, LogLevel level, String logger, String message, StringBuilder out) {
        ZonedDateTime time = now.atZone(ZoneId.systemDefault());
        @Nullable StackTraceElement caller = needsCaller ? caller() : null;
        for (Object part : parts) {
            if (part instanceof String text) {
                out.append(text);
            } else {
                char flag = (Character) part;
                switch (flag) {
                    case 'v' -> message(message, escape, out);
                    case '_', 'j' -> message(message, true, out);
                    case 'l' -> out.append(level.text);
                    case 'L' -> out.append(Character.toUpperCase(level.text.charAt(0)));
                    case 'n' -> out.append(logger);
                    case 't' -> out.append(Thread.currentThread().getId());
                    case 'P' -> out.append(PID);
                    case 'g' -> out.append(caller == null ? "" : path(caller));
                    case 's' -> out.append(caller == null ? "" : caller.getFileName());
                    case '#' -> out.append(caller == null ? 0 : caller.getLineNumber());
                    case '@' -> out.append(caller == null ? "" : path(caller) + ":" + caller.getLineNumber());
                    case '!' -> out.append(caller == null ? "" : caller.getMethodName());
                    case '^', '$' -> {} // where colours begin and end; the log has none
                    default -> time(flag, time, out);
                }
            }
        }
    }

    private static @Nullable StackTraceElement caller() {
        StackTraceElement[] frames = new Throwable().getStackTrace();
        for (StackTraceElement frame : frames) {
            String type = frame.getClassName();
            if (!type.startsWith(OURS)
                    && !type.startsWith("org.slf4j.")
                    && !type.startsWith("io.netty.util.internal.logging.")) {
                return frame;
            }
        }
        return null;
    }

    private static String path(StackTraceElement frame) {
        String type = frame.getClassName();
        int dot = type.lastIndexOf('.');
        return (dot < 0 ? "" : type.substring(0, dot + 1).replace('.', '/')) + frame.getFileName();
    }

    private static void time(char flag, ZonedDateTime time, StringBuilder out) {
        switch (flag) {
            case 'Y' -> out.append(time.getYear());
            case 'C' -> pad(time.getYear() % 100, 2, out);
            case 'm' -> pad(time.getMonthValue(), 2, out);
            case 'd' -> pad(time.getDayOfMonth(), 2, out);
            case 'H' -> pad(time.getHour(), 2, out);
            case 'I' -> pad((time.getHour() + 11) % 12 + 1, 2, out);
            case 'M' -> pad(time.getMinute(), 2, out);
            case 'S' -> pad(time.getSecond(), 2, out);
            case 'e' -> pad(time.getNano() / 1_000_000, 3, out);
            case 'f' -> pad(time.getNano() / 1_000, 6, out);
            case 'F' -> pad(time.getNano(), 9, out);
            case 'E' -> out.append(time.toEpochSecond());
            case 'p' -> out.append(time.getHour() < 12 ? "AM" : "PM");
            case 'a' -> out.append(DAYS[time.getDayOfWeek().getValue() - 1], 0, 3);
            case 'A' -> out.append(DAYS[time.getDayOfWeek().getValue() - 1]);
            case 'b', 'h' -> out.append(MONTHS[time.getMonthValue() - 1], 0, 3);
            case 'B' -> out.append(MONTHS[time.getMonthValue() - 1]);
            case 'T', 'X' -> all("H:M:S", time, out);
            case 'R' -> all("H:M", time, out);
            case 'r' -> all("I:M:S p", time, out);
            case 'D', 'x' -> all("m/d/C", time, out);
            case 'c' -> all("a b d H:M:S Y", time, out);
            case 'z' -> {
                int minutes = time.getOffset().getTotalSeconds() / 60;
                out.append(minutes < 0 ? '-' : '+');
                pad(Math.abs(minutes) / 60, 2, out);
                out.append(':');
                pad(Math.abs(minutes) % 60, 2, out);
            }
            default -> out.append('%').append(flag);
        }
    }

    private static void all(String flags, ZonedDateTime time, StringBuilder out) {
        for (int i = 0; i < flags.length(); i++) {
            char c = flags.charAt(i);
            if (Character.isLetter(c)) {
                time(c, time, out);
            } else {
                out.append(c);
            }
        }
    }

    private static void pad(int value, int width, StringBuilder out) {
        String digits = Integer.toString(value);
        for (int i = digits.length(); i < width; i++) {
            out.append('0');
        }
        out.append(digits);
    }

    private static void message(String message, boolean escape, StringBuilder out) {
        if (!escape) {
            out.append(message);
            return;
        }
        for (int i = 0; i < message.length(); i++) {
            char c = message.charAt(i);
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                case '"' -> out.append("\\\"");
                default -> out.append(c);
            }
        }
    }
}
