package dev.mishap.rules.yaml;

/**
 * What is wrong in a file, and where.
 *
 * @param file as the user named it
 * @param line from 1; 0 = the file as a whole
 * @param column from 1
 * @param path of the field, such as {@code spec.scope.headers[0].exact}; empty = the document
 * @param message what was expected and found
 */
public record Problem(String file, int line, int column, String path, String message) {
    @Override
    public String toString() {
        String where = line == 0 ? file : file + ':' + line + ':' + column;
        return where + ": " + (path.isEmpty() ? "" : path + ": ") + message;
    }
}
