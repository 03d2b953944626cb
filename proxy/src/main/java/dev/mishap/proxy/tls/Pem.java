package dev.mishap.proxy.tls;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The blocks of a PEM text (RFC 7468, and the headers of RFC 1421 that encrypted keys have). Text around blocks is skipped. */
final class Pem {
    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String DASHES = "-----";
    private static final int LINE = 64;

    private Pem() {}

    /** One block: its label, its headers and its bytes. */
    record Block(String label, Map<String, String> headers, byte[] bytes) {}

    /**
     * The blocks in order.
     *
     * @throws IllegalArgumentException when a block has no end or is not base64
     */
    static List<Block> blocks(byte[] pem) {
        String text = new String(pem, StandardCharsets.ISO_8859_1);
        List<Block> blocks = new ArrayList<>();
        int at = 0;
        while ((at = text.indexOf(BEGIN, at)) >= 0) {
            int labelEnd = text.indexOf(DASHES, at + BEGIN.length());
            if (labelEnd < 0 || text.indexOf('\n', at) >= 0 && labelEnd > text.indexOf('\n', at)) {
                throw new IllegalArgumentException("a BEGIN line without its end");
            }
            String label = text.substring(at + BEGIN.length(), labelEnd);
            int body = labelEnd + DASHES.length();
            int end = text.indexOf(END + label + DASHES, body);
            if (end < 0) {
                throw new IllegalArgumentException("no end of " + label);
            }
            blocks.add(block(label, text.substring(body, end)));
            at = end + END.length();
        }
        return blocks;
    }

    private static Block block(String label, String body) {
        Map<String, String> headers = new LinkedHashMap<>();
        StringBuilder base64 = new StringBuilder(body.length());
        for (String line : body.split("\n", -1)) {
            String clean = line.strip();
            int colon = clean.indexOf(':');
            if (colon > 0 && base64.length() == 0) {
                headers.put(
                        clean.substring(0, colon), clean.substring(colon + 1).strip());
            } else {
                base64.append(clean);
            }
        }
        return new Block(label, headers, Base64.getDecoder().decode(base64.toString()));
    }

    /** The first block whose label is one of {@code labels}, or null. */
    static @Nullable Block first(byte[] pem, List<String> labels) {
        for (Block block : blocks(pem)) {
            if (labels.contains(block.label())) {
                return block;
            }
        }
        return null;
    }

    /** A block in the form in which OpenSSL writes it. */
    static String write(String label, byte[] bytes) {
        String base64 = Base64.getEncoder().encodeToString(bytes);
        StringBuilder out = new StringBuilder(base64.length() + base64.length() / LINE + 64);
        out.append(BEGIN).append(label).append(DASHES).append('\n');
        for (int i = 0; i < base64.length(); i += LINE) {
            out.append(base64, i, Math.min(base64.length(), i + LINE)).append('\n');
        }
        return out.append(END).append(label).append(DASHES).append('\n').toString();
    }
}
