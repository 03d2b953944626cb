package dev.mishap.proxy.cli;

/** The table of flags for docs/envoy-compatibility.md. */
public final class FlagTable {
    private FlagTable() {}

    public static String markdown() {
        StringBuilder s = new StringBuilder("| flag | | |\n|---|---|---|\n");
        for (Flag flag : Flags.ALL) {
            String effect = switch (flag.effect()) {
                case HONOURED -> "honoured";
                case ACCEPTED -> "accepted without effect";
                case REFUSED -> "refused";
            };
            String letter = flag.letter() == 0 ? "" : "`-" + flag.letter() + "`, ";
            s.append("| ")
                    .append(letter)
                    .append("`--")
                    .append(flag.name())
                    .append("` | ")
                    .append(effect)
                    .append(" | ")
                    .append(flag.description())
                    .append(" |\n");
        }
        return s.toString();
    }
}
