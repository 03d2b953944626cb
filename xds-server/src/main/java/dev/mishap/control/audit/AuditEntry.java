package dev.mishap.control.audit;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A record in the chain.
 *
 * @param sequence from 1, without gaps
 * @param previous the hash of the entry before; of the first: 64 zeros
 * @param hash SHA-256, in hex, of {@code previous}, a line feed, {@code sequence}, a line feed and {@code record}, in UTF-8
 * @param record compact JSON
 */
public record AuditEntry(long sequence, String previous, String hash, String record) {
    static final String NONE = "0".repeat(64);
    private static final JsonMapper JSON = new JsonMapper();

    /** @param record any JSON; it is made compact, so that reading and writing give the same bytes */
    static AuditEntry chain(long sequence, String previous, String record) {
        String compact = JSON.readTree(record).toString();
        return new AuditEntry(sequence, previous, hash(sequence, previous, compact), compact);
    }

    /** One line of an export: {@code {"sequence":…,"previous":…,"hash":…,"record":{…}}}. */
    public String line() {
        return "{\"sequence\":" + sequence + ",\"previous\":\"" + previous + "\",\"hash\":\"" + hash + "\",\"record\":"
                + record + '}';
    }

    /** @throws IllegalArgumentException when it is none */
    public static AuditEntry parse(String line) {
        try {
            JsonNode tree = JSON.readTree(line);
            return new AuditEntry(
                    tree.path("sequence").asLong(),
                    tree.path("previous").asString(),
                    tree.path("hash").asString(),
                    tree.path("record").toString());
        } catch (JacksonException e) {
            throw new IllegalArgumentException("is no audit entry: " + e.getOriginalMessage(), e);
        }
    }

    /** Whether the hash is that of the content. */
    public boolean intact() {
        return hash.equals(hash(sequence, previous, record));
    }

    private static String hash(long sequence, String previous, String record) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((previous + '\n' + sequence + '\n').getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(digest.digest(record.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
