package dev.mishap.control.serve;

import dev.mishap.control.Failures;
import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.regex.Pattern;

/** The bearer token of a file, read anew for each call, so that one that is renewed (a projected service account token) is the new one. */
final class TokenFile extends CallCredentials {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final Pattern TOKEN = Pattern.compile("[!-~]{1,16384}");

    private final Path file;

    private TokenFile(Path file) {
        this.file = file;
    }

    /** @throws IOException naming the file, if it has no token now */
    static TokenFile read(Path file) throws IOException {
        TokenFile made = new TokenFile(file);
        made.token();
        return made;
    }

    private String token() throws IOException {
        try {
            String token = Files.readString(file).strip();
            if (!TOKEN.matcher(token).matches()) {
                throw new IOException("expected one token of printable characters");
            }
            return token;
        } catch (IOException e) {
            throw new IOException(file + ": " + Failures.text(e), e);
        }
    }

    @Override
    public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
        executor.execute(() -> {
            Metadata headers = new Metadata();
            try {
                headers.put(AUTHORIZATION, "Bearer " + token());
            } catch (IOException e) {
                applier.fail(Status.UNAUTHENTICATED.withDescription(e.getMessage()));
                return;
            }
            applier.apply(headers);
        });
    }
}
