package dev.mishap.control.store.backup;

import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Transaction;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The form of a backup: JSON lines, compressed by gzip. The first says what it is, then comes a line {@code {"key":…,"value":…}} for each
 * key, with the value in Base64, and the last has their number and the SHA-256 of all lines before.
 */
final class BackupFile {
    static final int VERSION = 1;
    /** A line holds one value, in Base64. */
    private static final int MAX_LINE = 2 * Transaction.MAX_BYTES;

    private static final JsonMapper JSON = new JsonMapper();

    private BackupFile() {}

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes one. Confined to one thread. */
    static final class Output implements Closeable {
        private final Writer out;
        private final MessageDigest digest = sha256();
        private long entries;

        Output(OutputStream file, long revision, Instant at) throws IOException {
            out = new BufferedWriter(new OutputStreamWriter(new GZIPOutputStream(file), StandardCharsets.US_ASCII));
            line("{\"mishapBackup\":" + VERSION + ",\"revision\":" + revision + ",\"at\":\"" + at + "\"}");
        }

        void entry(String key, Bytes value) throws IOException {
            String quoted = JSON.writeValueAsString(key);
            line("{\"key\":" + quoted + ",\"value\":\"" + Base64.getEncoder().encodeToString(value.toArray()) + "\"}");
            entries++;
        }

        long finish() throws IOException {
            String sum = HexFormat.of().formatHex(digest.digest());
            out.write("{\"entries\":" + entries + ",\"sha256\":\"" + sum + "\"}\n");
            out.flush();
            return entries;
        }

        private void line(String line) throws IOException {
            digest.update((line + '\n').getBytes(StandardCharsets.US_ASCII));
            out.write(line);
            out.write('\n');
        }

        /** Without {@link #finish} before, the file is not valid. */
        @Override
        public void close() throws IOException {
            out.close();
        }
    }

    /** Is given what a backup holds. */
    interface Visitor {
        void entry(String key, Bytes value) throws IOException;
    }

    /**
     * Reads one to its end.
     *
     * @return how many entries it has
     * @throws IOException when it is none, or not whole: then the visitor has seen entries all the same
     */
    static long read(InputStream file, String name, Visitor visitor) throws IOException {
        MessageDigest digest = sha256();
        long entries = 0;
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(new GZIPInputStream(file), StandardCharsets.US_ASCII))) {
            String first = line(in);
            JsonNode header = first == null ? null : JSON.readTree(first);
            if (header == null || !header.has("mishapBackup")) {
                throw new IOException(name + ": this is no backup");
            }
            if (header.path("mishapBackup").asInt() != VERSION) {
                throw new IOException(
                        name + ": has version " + header.path("mishapBackup") + "; this program reads " + VERSION);
            }
            digest.update((first + '\n').getBytes(StandardCharsets.US_ASCII));
            for (String line = line(in); line != null; line = line(in)) {
                JsonNode tree = JSON.readTree(line);
                if (tree.has("sha256")) {
                    boolean whole = tree.path("entries").asLong() == entries
                            && tree.path("sha256")
                                    .asString()
                                    .equals(HexFormat.of().formatHex(digest.digest()));
                    if (!whole || line(in) != null) {
                        throw new IOException(name + ": its checksum does not fit");
                    }
                    return entries;
                }
                digest.update((line + '\n').getBytes(StandardCharsets.US_ASCII));
                String key = tree.path("key").asString();
                byte[] value = Base64.getDecoder().decode(tree.path("value").asString());
                visitor.entry(Transaction.requireKey(key), Bytes.ofTransferred(value));
                entries++;
            }
        } catch (EOFException e) {
            throw new IOException(name + ": it is cut off after " + entries + " entries", e);
        } catch (ZipException e) {
            throw new IOException(
                    name
                            + (entries == 0 ? ": this is no backup: " : ": is damaged after " + entries + " entries: ")
                            + e.getMessage(),
                    e);
        } catch (JacksonException | IllegalArgumentException e) {
            throw new IOException(name + ": entry " + (entries + 1) + " can't be read: " + e.getMessage(), e);
        }
        throw new IOException(name + ": it is cut off after " + entries + " entries");
    }

    private static @Nullable String line(BufferedReader in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0; c = in.read()) {
            if (c == '\n') {
                return line.toString();
            }
            if (line.length() == MAX_LINE) {
                throw new IOException("a line has more than " + MAX_LINE + " characters");
            }
            line.append((char) c);
        }
        return line.isEmpty() ? null : line.toString();
    }
}
