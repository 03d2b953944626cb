package dev.mishap.proxy.cli;

import java.util.ArrayList;
import java.util.List;

/** The usage texts, laid out as Envoy lays them out. */
final class Usage {
    private static final int WIDTH = 75;
    private static final String INDENT = "   ";

    private Usage() {}

    /** The list of flags only, for errors. */
    static String brief(String program) {
        List<String> parts = new ArrayList<>();
        for (Flag flag : Flags.ALL) {
            String value = flag.value() == Flag.Value.NONE ? "" : " " + flag.value().shown;
            parts.add("[" + flag.shortest() + value + "]" + (flag.value() == Flag.Value.TEXTS ? " ..." : ""));
        }
        return wrap(program + "  ", String.join(" ", parts), INDENT, INDENT + " ".repeat(program.length() + 2));
    }

    static String full(String program) {
        StringBuilder s =
                new StringBuilder("\nUSAGE: \n\n").append(brief(program)).append("\n\nWhere: \n\n");
        for (Flag flag : Flags.ALL) {
            String value = flag.value() == Flag.Value.NONE ? "" : " " + flag.value().shown;
            String letter = flag.letter() == 0 ? "" : "-" + flag.letter() + value + ",  ";
            String repeated = flag.value() == Flag.Value.TEXTS ? "  (accepted multiple times)" : "";
            s.append(INDENT)
                    .append(letter)
                    .append("--")
                    .append(flag.name())
                    .append(value)
                    .append(repeated)
                    .append('\n');
            String effect = switch (flag.effect()) {
                case HONOURED -> "";
                case ACCEPTED -> "(no effect) ";
                case REFUSED -> "(refused) ";
            };
            s.append(wrap("", effect + flag.description(), INDENT + "  ", INDENT + "  "))
                    .append("\n\n");
        }
        return s.append('\n').append(INDENT).append(program).append('\n').toString();
    }

    private static String wrap(String first, String text, String firstIndent, String indent) {
        StringBuilder s = new StringBuilder(firstIndent).append(first);
        int column = s.length();
        boolean start = true;
        for (String word : words(text)) {
            if (!start && column + 1 + word.length() > WIDTH) {
                s.append('\n').append(indent);
                column = indent.length();
            } else if (!start) {
                s.append(' ');
                column++;
            }
            s.append(word);
            column += word.length();
            start = false;
        }
        return s.append('\n').toString();
    }

    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        int from = 0;
        for (int space = text.indexOf(' '); space >= 0; space = text.indexOf(' ', from)) {
            words.add(text.substring(from, space));
            from = space + 1;
        }
        words.add(text.substring(from));
        return words;
    }
}
