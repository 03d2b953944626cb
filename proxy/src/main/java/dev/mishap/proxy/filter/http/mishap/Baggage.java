package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.nio.charset.StandardCharsets;

/**
 * Adds {@code chaos.experiment.id} to a request's W3C baggage. Members that are there already are kept as they are. When the
 * request was touched by another experiment on its way, the ids stand in one member, with an encoded comma between. What would
 * pass the limits of the specification (64 members, 8192 bytes; W3C Baggage, section Limits) is left out, since nobody else's
 * member may be dropped for ours.
 */
final class Baggage {
    static final HeaderName HEADER = HeaderName.of("baggage");
    static final String KEY = "chaos.experiment.id";

    private static final int MAX_BYTES = 8192;
    private static final int MAX_MEMBERS = 64;
    private static final String SEPARATOR = "%2C";
    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    private Baggage() {}

    /** Adds the id; returns whether the request carries it now. */
    static boolean add(HeaderMap headers, String experimentId) {
        String id = encode(experimentId);
        int bytes = 0;
        int members = 0;
        for (int i = headers.indexOf(HEADER); i >= 0; i = headers.indexOf(HEADER, i + 1)) {
            String line = headers.value(i);
            bytes += line.length() + 1;
            int at = 0;
            while (at <= line.length()) {
                int comma = line.indexOf(',', at);
                int end = comma < 0 ? line.length() : comma;
                String member = line.substring(at, end);
                if (!member.isBlank()) {
                    members++;
                    if (isOurs(member)) {
                        return extend(headers, i, line, at, end, id);
                    }
                }
                at = end + 1;
            }
        }
        String added = KEY + "=" + id;
        if (members >= MAX_MEMBERS || bytes + added.length() > MAX_BYTES) {
            return false;
        }
        int first = headers.indexOf(HEADER);
        if (first >= 0
                && headers.indexOf(HEADER, first + 1) < 0
                && !headers.value(first).isBlank()) {
            headers.set(HEADER, headers.value(first) + "," + added);
        } else {
            headers.add(HEADER, added);
        }
        return true;
    }

    private static boolean isOurs(String member) {
        int equals = member.indexOf('=');
        return equals > 0 && member.substring(0, equals).strip().equals(KEY);
    }

    private static boolean extend(HeaderMap headers, int index, String line, int at, int end, String id) {
        String member = line.substring(at, end);
        int equals = member.indexOf('=');
        int properties = member.indexOf(';');
        int valueEnd = properties < 0 ? member.length() : properties;
        String value = member.substring(equals + 1, valueEnd).strip();
        for (String known : value.split(SEPARATOR, -1)) {
            if (known.equals(id)) {
                return true;
            }
        }
        String extended = line.substring(0, at + equals + 1)
                + (value.isEmpty() ? id : value + SEPARATOR + id)
                + line.substring(at + valueEnd);
        int bytes = 0;
        for (int i = headers.indexOf(HEADER); i >= 0; i = headers.indexOf(HEADER, i + 1)) {
            bytes += (i == index ? extended : headers.value(i)).length() + 1;
        }
        if (bytes - 1 > MAX_BYTES) {
            return false;
        }
        replace(headers, index, extended);
        return true;
    }

    /** Replaces one line; the order of the others stays, as does that of the lines among themselves. */
    private static void replace(HeaderMap headers, int index, String value) {
        String[] lines = new String[headers.size()];
        int count = 0;
        for (int i = headers.indexOf(HEADER); i >= 0; i = headers.indexOf(HEADER, i + 1)) {
            lines[count++] = i == index ? value : headers.value(i);
        }
        headers.set(HEADER, lines[0]);
        for (int i = 1; i < count; i++) {
            headers.add(HEADER, lines[i]);
        }
    }

    /** Percent-encodes what is not a baggage-octet (W3C Baggage, section Value), and the percent sign and comma. */
    static String encode(String value) {
        StringBuilder out = new StringBuilder(value.length());
        for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\' && c != '%') {
                out.append(c);
            } else {
                out.append('%').append(HEX[c >> 4]).append(HEX[c & 15]);
            }
        }
        return out.toString();
    }
}
