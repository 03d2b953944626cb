package dev.mishap.control;

import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** What went wrong with a file or a connection, in words: the JDK's own messages are often a path only, or nothing. */
public final class Failures {
    private Failures() {}

    /** A short text without the path or the address, which the caller names. */
    public static String text(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                return "the host name cannot be resolved";
            }
        }
        if (e instanceof HttpConnectTimeoutException) {
            return "connect timed out";
        } else if (e instanceof ConnectException) {
            return "connection refused";
        } else if (e instanceof NoSuchFileException) {
            return "no such file";
        } else if (e instanceof FileAlreadyExistsException || e instanceof NotDirectoryException) {
            return "not a directory";
        } else if (e instanceof AccessDeniedException) {
            return "permission denied";
        } else if (e instanceof CharacterCodingException) {
            return "is not UTF-8";
        } else if (e instanceof FileSystemException file && file.getReason() != null) {
            return file.getReason();
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    /** A server could not start where it was to listen. */
    public static final class CannotListenException extends IOException {
        private static final long serialVersionUID = 1;

        CannotListenException(String message, Exception cause) {
            super(message, cause);
        }
    }

    /** Why a server could not start, of which the libraries' own words are at the surface that it did not. */
    public static CannotListenException cannotListen(String host, int port, Exception e) {
        Throwable why = e;
        while (why.getCause() != null) {
            why = why.getCause();
        }
        String text = String.valueOf(why.getMessage())
                .replaceFirst("^bind\\(\\.\\.\\) failed with error\\(-?[0-9]+\\): ", "");
        return new CannotListenException(
                "cannot listen on " + host + ':' + port + ": " + text
                        + "; end what listens there, or choose another address",
                e);
    }
}
