package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * {@code TlsSessionTicketKeys}: the first key encrypts new tickets, all of them decrypt. A key has 80 bytes, of which 16 are its name;
 * the engine's ciphers take shorter keys, which are derived from the rest, so that proxies with the same keys take each other's
 * tickets.
 */
record TicketKeys(List<byte[]> keys) {
    private static final int LENGTH = 80;

    static TicketKeys from(ConfigNode node) {
        List<byte[]> all = new ArrayList<>();
        for (ConfigNode source : node.messages("keys")) {
            byte[] key = DataSource.bytes(source);
            if (key.length != LENGTH) {
                throw new ConfigException("Incorrect TLS session ticket key length. Length " + key.length
                        + ", expected length " + LENGTH + ".");
            }
            all.add(key);
        }
        return new TicketKeys(all);
    }

    OpenSslSessionTicketKey[] forOpenSsl() {
        OpenSslSessionTicketKey[] all = new OpenSslSessionTicketKey[keys.size()];
        for (int i = 0; i < all.length; i++) {
            byte[] key = keys.get(i);
            byte[] mac = Certificates.digest("SHA-256", Arrays.copyOfRange(key, 16, 48));
            byte[] cipher = Certificates.digest("SHA-256", Arrays.copyOfRange(key, 48, 80));
            all[i] = new OpenSslSessionTicketKey(
                    Arrays.copyOf(key, 16), Arrays.copyOf(mac, 16), Arrays.copyOf(cipher, 16));
        }
        return all;
    }
}
