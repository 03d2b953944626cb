package dev.mishap.rules.yaml;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds what somebody may have meant. */
public final class Suggestion {
    private Suggestion() {}

    /** The nearest of the known words, or null when none is near. */
    public static @Nullable String nearest(String word, Collection<String> known) {
        String best = null;
        int fewest = Math.max(1, word.length() / 3) + 1;
        String plain = plain(word);
        for (String candidate : known) {
            int d = word.length() > 64 ? Integer.MAX_VALUE : distance(plain, plain(candidate));
            if (d < fewest) {
                fewest = d;
                best = candidate;
            }
        }
        return best;
    }

    /** {@code " (did you mean 'x'?)"}, or nothing when none is near. */
    public static String of(String word, Collection<String> known) {
        String nearest = nearest(word, known);
        return nearest == null ? "" : " (did you mean '" + nearest + "'?)";
    }

    /** snake_case, kebab-case and camelCase are one thing to a person. */
    private static String plain(String word) {
        return word.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
    }

    /** Edits between two words, where swapping neighbours is one edit. */
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int cost = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + cost);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
