package dev.mishap.proxy.runtime;

/** Reads {@code {numerator: 3, denominator: HUNDRED}}, a FractionalPercent as one line of YAML or JSON. */
final class FractionText {
    private FractionText() {}

    /** The fraction in millionths, -1 when the text is none. */
    static long partsPerMillion(String text) {
        String body = text;
        if (body.startsWith("{") && body.endsWith("}")) {
            body = body.substring(1, body.length() - 1);
        }
        long numerator = 0;
        String denominator = "HUNDRED";
        boolean any = false;
        for (String member : body.split("[,\n]", -1)) {
            if (member.isBlank()) {
                continue;
            }
            int colon = member.indexOf(':');
            if (colon < 0) {
                return -1;
            }
            String name = bare(member.substring(0, colon));
            String value = bare(member.substring(colon + 1));
            if (name.equals("numerator")) {
                try {
                    numerator = Integer.parseUnsignedInt(value) & 0xffff_ffffL;
                } catch (NumberFormatException e) {
                    return -1;
                }
            } else if (name.equals("denominator")) {
                denominator = value;
            } else {
                return -1;
            }
            any = true;
        }
        return any ? numerator * RuntimeValue.ppmOf(denominator) : -1;
    }

    private static String bare(String text) {
        String t = text.strip();
        boolean quoted = t.length() >= 2
                && (t.charAt(0) == '"' || t.charAt(0) == '\'')
                && t.charAt(t.length() - 1) == t.charAt(0);
        return quoted ? t.substring(1, t.length() - 1) : t;
    }
}
