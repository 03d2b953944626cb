package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import dev.mishap.proxy.transport.SecretDelivery;
import dev.mishap.proxy.transport.TransportContext;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Secrets that are texts and not TLS's: {@code generic_secret}, for what puts them into headers. */
public final class GenericSecret {
    private GenericSecret() {}

    /**
     * Follows the secret that an {@code SdsSecretConfig} names.
     *
     * @param owner who waits for one that SDS delivers, or null when there can be none
     * @return what it is at the time, one char a byte and without the line's end; {@code ""} = there is none
     * @throws ConfigException when there is no such secret, or it can't be a header's value
     */
    public static Supplier<String> follow(
            TransportContext context, ConfigNode config, SecretDelivery.@Nullable Owner owner) {
        Secret<String> secret =
                Secrets.of(context).named(Secrets.Kind.GENERIC, config, Secrets.Kind.GENERIC.reader(), owner);
        return () -> {
            String now = secret.get();
            return now == null ? "" : now;
        };
    }

    static String read(ConfigNode node) {
        ConfigNode source = node.message("secret");
        String text = source == null ? "" : new String(DataSource.bytes(source), StandardCharsets.ISO_8859_1);
        int end = text.length();
        while (end > 0 && (text.charAt(end - 1) == '\n' || text.charAt(end - 1) == '\r')) {
            end--;
        }
        for (int i = 0; i < end; i++) {
            char c = text.charAt(i);
            if (c < ' ' && c != '\t' || c == 0x7f) {
                throw new ConfigException("The generic secret has a character that no header may have");
            }
        }
        return text.substring(0, end);
    }
}
