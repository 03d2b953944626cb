package dev.mishap.proxy.config.schema;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;

/**
 * Reads YAML as Envoy does: only the first document; a plain scalar is a bool in any YAML 1.1 spelling, an integer (decimal,
 * 0x hexadecimal or 0 octal), null, or else a string, fractions too; an integer that needs more than 32 bits becomes a string
 * of digits. Tags change nothing but the look-alikes of quotes ({@code !}) and {@code !ignore}, which drops an entry.
 *
 * <p>Built on the parser's events, so that no object is ever constructed from a tag and nothing is resolved by regex.
 */
final class YamlSource {
    private final ParserImpl parser;
    private final Map<String, Anchored> anchors = new HashMap<>();
    /** Values written out so far, and values that aliases stand for. */
    private long written;

    private long aliased;

    private record Anchored(@Nullable SourceValue value, long weight) {}

    private YamlSource(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(Limits.MAX_BYTES);
        parser = new ParserImpl(new StreamReader(text), options);
    }

    /** The document in {@code text}, or null when there is none. */
    static @Nullable SourceValue read(String text) {
        try {
            return new YamlSource(text).document();
        } catch (MarkedYAMLException e) {
            Mark mark = e.getProblemMark();
            throw new ConfigException("YAML: "
                    + (mark == null
                            ? ""
                            : "error at line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1) + ": ")
                    + problem(e));
        } catch (YAMLException e) {
            throw new ConfigException("YAML: " + firstLine(String.valueOf(e.getMessage())));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            // The parser lets its own slips on malformed escapes and truncated input through.
            throw new ConfigException("YAML: malformed: " + firstLine(String.valueOf(e.getMessage())));
        }
    }

    private static String problem(MarkedYAMLException e) {
        String context = e.getContext();
        String problem = firstLine(String.valueOf(e.getProblem()));
        return context == null ? problem : firstLine(context) + ": " + problem;
    }

    private static String firstLine(String s) {
        int end = s.indexOf('\n');
        return end < 0 ? s : s.substring(0, end);
    }

    private @Nullable SourceValue document() {
        parser.getEvent(); // stream start
        if (parser.checkEvent(Event.ID.StreamEnd)) {
            return null;
        }
        parser.getEvent(); // document start
        return value(parser.getEvent(), 0);
    }

    private SourceValue value(Event event, int depth) {
        if (depth > Limits.MAX_DEPTH) {
            throw at(event, "nested deeper than " + Limits.MAX_DEPTH);
        }
        if (event instanceof AliasEvent alias) {
            return alias(alias);
        }
        long before = written + aliased;
        String anchor = ((NodeEvent) event).getAnchor();
        if (anchor != null) {
            anchors.put(anchor, new Anchored(null, 0));
        }
        written++;
        SourceValue value;
        if (event instanceof ScalarEvent scalar) {
            value = scalar(scalar);
        } else if (event.is(Event.ID.SequenceStart)) {
            value = list((CollectionStartEvent) event, depth);
        } else {
            value = map((CollectionStartEvent) event, depth);
        }
        if (anchor != null) {
            anchors.put(anchor, new Anchored(value, written + aliased - before));
        }
        return value;
    }

    // A tree of aliases is walked once per alias later, so its full weight counts here: a bomb is refused before it
    // goes off.
    private SourceValue alias(AliasEvent event) {
        Anchored anchored = anchors.get(event.getAnchor());
        if (anchored == null || anchored.value() == null) {
            throw at(
                    event,
                    anchored == null ? "the referenced anchor is not defined" : "an alias inside of its own anchor");
        }
        aliased += anchored.weight();
        if (aliased > Math.max(Limits.ALIAS_FLOOR, written * Limits.ALIAS_FACTOR)) {
            throw at(event, "aliases expand to more than " + Limits.ALIAS_FACTOR + " times the document");
        }
        return anchored.value();
    }

    private SourceValue list(CollectionStartEvent start, int depth) {
        SourceValue list = SourceValue.list(position(start));
        while (true) {
            Event event = parser.getEvent();
            if (event.is(Event.ID.SequenceEnd)) {
                return list;
            }
            list.items.add(value(event, depth + 1));
        }
    }

    private SourceValue map(CollectionStartEvent start, int depth) {
        SourceValue map = SourceValue.map(position(start));
        Set<String> seen = new HashSet<>();
        while (true) {
            Event event = parser.getEvent();
            if (event.is(Event.ID.MappingEnd)) {
                return map;
            }
            boolean ignored = event instanceof ScalarEvent s && "!ignore".equals(s.getTag());
            SourceValue key = value(event, depth + 1);
            if (key.kind == SourceValue.Kind.LIST || key.kind == SourceValue.Kind.MAP) {
                throw at(event, "a key must be a scalar");
            }
            String name = event instanceof ScalarEvent s ? s.getValue() : key.text;
            SourceValue value = value(parser.getEvent(), depth + 1);
            if (ignored) {
                continue;
            }
            if (!seen.add(name)) {
                throw at(event, "the key '" + name + "' is there twice");
            }
            map.keys.add(name);
            map.items.add(value);
        }
    }

    private static SourceValue scalar(ScalarEvent event) {
        String text = event.getValue();
        int position = position(event);
        if (event.getScalarStyle() != ScalarStyle.PLAIN || "!".equals(event.getTag())) {
            // A quoted scalar with a tag is resolved like a plain one: '!!int "10"' is the number 10.
            if (event.getTag() == null || "!".equals(event.getTag())) {
                return SourceValue.scalar(SourceValue.Kind.STRING, text, position);
            }
        }
        return plain(text, position);
    }

    private static SourceValue plain(String text, int position) {
        if (text.isEmpty() || text.equals("~") || text.equals("null") || text.equals("Null") || text.equals("NULL")) {
            return SourceValue.scalar(SourceValue.Kind.NULL, "null", position);
        }
        Boolean bool = bool(text);
        if (bool != null) {
            return SourceValue.scalar(SourceValue.Kind.BOOL, bool.toString(), position);
        }
        Long number = integer(text);
        if (number != null) {
            boolean small = number == number.intValue();
            return SourceValue.scalar(
                    small ? SourceValue.Kind.NUMBER : SourceValue.Kind.STRING, number.toString(), position);
        }
        return SourceValue.scalar(SourceValue.Kind.STRING, text, position);
    }

    /** YAML 1.1's booleans: all lower case, all upper case, or capitalised. */
    private static @Nullable Boolean bool(String text) {
        if (text.length() > 5) {
            return null;
        }
        switch (text) {
            case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
                return true;
            case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
                return false;
            default:
                return null;
        }
    }

    private static @Nullable Long integer(String text) {
        int start = text.charAt(0) == '-' || text.charAt(0) == '+' ? 1 : 0;
        if (start == text.length() || text.length() > 24) {
            return null;
        }
        int radix = 10;
        int digits = start;
        if (text.charAt(start) == '0' && text.length() > start + 1) {
            boolean hex = text.charAt(start + 1) == 'x' || text.charAt(start + 1) == 'X';
            radix = hex ? 16 : 8;
            digits = hex ? start + 2 : start + 1;
        }
        if (digits == text.length()) {
            return null;
        }
        for (int i = digits; i < text.length(); i++) {
            if (text.charAt(i) > 'f' || Character.digit(text.charAt(i), radix) < 0) {
                return null;
            }
        }
        try {
            return Long.parseLong((text.charAt(0) == '-' ? "-" : "") + text.substring(digits), radix);
        } catch (NumberFormatException tooLarge) {
            return null;
        }
    }

    private static int position(Event event) {
        Mark mark = event.getStartMark();
        return SourceValue.position(mark.getLine() + 1, mark.getColumn() + 1);
    }

    private static ConfigException at(Event event, String problem) {
        Mark mark = event.getStartMark();
        return new ConfigException(
                "YAML: error at line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1) + ": " + problem);
    }
}
