package dev.mishap.proxy.filter.http.compressor;

import org.jspecify.annotations.Nullable;

/** What a client that sends {@code accept-encoding} is to get from a proxy that knows gzip, as Envoy reads that header. */
enum AcceptEncoding {
    /** There is no such header. */
    ABSENT,
    /** Nothing that can be had is acceptable. */
    NOT_VALID,
    IDENTITY,
    /** Anything is acceptable. */
    WILDCARD,
    GZIP;

    /** Reads the header; of codings with the same weight the first is chosen. */
    static AcceptEncoding of(@Nullable String header, boolean gzipAllowed) {
        if (header == null) {
            return ABSENT;
        }
        boolean gzip = gzipAllowed;
        String chosen = "";
        float weight = 0;
        boolean any = false;
        // "gzip;q=0" excludes gzip wherever it stands, so that is looked for first.
        for (int pass = 0; pass < 2; pass++) {
            int start = 0;
            while (start <= header.length()) {
                int end = header.indexOf(',', start);
                end = end < 0 ? header.length() : end;
                if (end > start) {
                    String token = header.substring(start, end);
                    int semicolon = token.indexOf(';');
                    String coding = (semicolon < 0 ? token : token.substring(0, semicolon)).trim();
                    float q = semicolon < 0 ? 1 : weight(token.substring(semicolon + 1));
                    if (q >= 0 && pass == 0) {
                        any = true;
                        gzip &= q != 0 || !coding.equals("gzip");
                    } else if (q > weight && (gzip && coding.equals("gzip") || isAlways(coding))) {
                        weight = q;
                        chosen = coding;
                    }
                }
                start = end + 1;
            }
            if (!any || !gzip) {
                return NOT_VALID;
            }
        }
        return switch (chosen) {
            case "gzip" -> GZIP;
            case "*" -> WILDCARD;
            case "identity" -> IDENTITY;
            default -> NOT_VALID;
        };
    }

    private static boolean isAlways(String coding) {
        return coding.equals("identity") || coding.equals("*");
    }

    /** The q-value of a coding's parameters; 1 when there is none, -1 when it can't be read. */
    private static float weight(String parameters) {
        int equals = parameters.indexOf('=');
        if (equals < 0 || !parameters.substring(0, equals).trim().equalsIgnoreCase("q")) {
            return 1;
        }
        String value = parameters.substring(equals + 1).trim();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c != '.' && (c < '0' || c > '9')) {
                return -1;
            }
        }
        try {
            return Float.parseFloat(value);
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
