package dev.mishap.proxy.filter.http.basicauth;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/** Who may pass: lines of {@code htpasswd}, {@code name:{SHA}hash}, whose hashes are of SHA-1, the only kind that Envoy takes. */
final class Users {
    private static final String SHA = "{SHA}";
    private static final int HASH_LENGTH = 28; // of 20 bytes in base64

    /** Hashes in base64 by name. */
    private final Map<String, byte[]> hashes = new HashMap<>();

    private Users() {}

    static Users from(ConfigNode source) {
        byte[] bytes = DataSource.bytes(source);
        if (bytes.length == 0) {
            throw new ConfigException("DataSource cannot be empty");
        }
        Users users = new Users();
        for (String line : new String(bytes, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            String text = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
            if (!text.isEmpty()) {
                users.add(text);
            }
        }
        return users;
    }

    private void add(String line) {
        int colon = line.indexOf(':');
        if (colon < 0) {
            throw new ConfigException("basic auth: invalid htpasswd format, username:password is expected");
        }
        String name = line.substring(0, colon);
        String hash = line.substring(colon + 1);
        if (name.isEmpty() || hash.isEmpty()) {
            throw new ConfigException("basic auth: empty user name or password");
        }
        if (hashes.containsKey(name)) {
            throw new ConfigException("basic auth: duplicate users");
        }
        if (!hash.startsWith(SHA)) {
            throw new ConfigException("basic auth: unsupported htpasswd format: please use {SHA}");
        }
        if (hash.length() != SHA.length() + HASH_LENGTH) {
            throw new ConfigException("basic auth: invalid htpasswd format, invalid SHA hash length");
        }
        hashes.put(name, hash.substring(SHA.length()).getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Name and password as they came, one char a byte. */
    boolean contain(String name, String password) {
        byte[] wanted = hashes.get(name);
        if (wanted == null) {
            return false;
        }
        byte[] given = Base64.getEncoder().encode(sha1().digest(password.getBytes(StandardCharsets.ISO_8859_1)));
        return MessageDigest.isEqual(wanted, given); // in a time that tells nothing
    }

    private static MessageDigest sha1() {
        try {
            return MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
