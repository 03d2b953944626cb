package dev.mishap.rules.importer;

import dev.mishap.rules.yaml.Tree;
import java.util.List;

/** Reads the documents of one tool. */
interface Importer {
    /** The tool's name, for people. */
    String name();

    /** Whether a document is this tool's, by its apiVersion and kind. */
    boolean accepts(Tree document);

    /** Reads all documents of a file that it accepts. */
    void read(List<Tree> documents, Import into);

    /** Whether a document has an apiVersion of this group. */
    static boolean inGroup(Tree document, String group) {
        String version = document.textOf("apiVersion");
        return version != null && version.startsWith(group + "/");
    }
}
