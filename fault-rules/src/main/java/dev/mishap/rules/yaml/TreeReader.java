package dev.mishap.rules.yaml;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Reads the documents of a YAML or JSON text into trees. No tags, no objects: only mappings, lists and scalars. A hostile text
 * costs bounded memory and time: at most {@value #MAX_CHARS} characters, {@value #MAX_DEPTH} levels, {@value #MAX_NODES} nodes with
 * aliases written out.
 */
public final class TreeReader {
    static final int MAX_CHARS = 1 << 20;
    static final int MAX_DEPTH = 32;
    static final int MAX_NODES = 50_000;
    private static final int MAX_ALIASES = 100;

    private final Problems problems;
    private int nodes;

    private TreeReader(Problems problems) {
        this.problems = problems;
    }

    /** The documents that could be read; empty ones are left out. */
    public static List<Tree> read(String text, Problems problems) {
        if (text.length() > MAX_CHARS) {
            problems.add(0, 0, "", "is larger than " + MAX_CHARS + " characters");
            return List.of();
        }
        return new TreeReader(problems).documents(text);
    }

    private List<Tree> documents(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setMaxAliasesForCollections(MAX_ALIASES);
        options.setNestingDepthLimit(MAX_DEPTH);
        options.setCodePointLimit(MAX_CHARS);
        options.setAllowRecursiveKeys(false);
        List<Tree> trees = new ArrayList<>();
        try {
            String source = looksLikeJson(text) ? yamlOfJson(text) : text;
            for (Node node : new Yaml(new SafeConstructor(options)).composeAll(new StringReader(source))) {
                Tree tree = tree(node, "", 0);
                if (tree != null && tree.kind() != Tree.Kind.NULL) {
                    trees.add(tree);
                }
            }
        } catch (MarkedYAMLException e) {
            Mark mark = e.getProblemMark() != null ? e.getProblemMark() : e.getContextMark();
            String what = e.getProblem() == null ? "is not YAML" : e.getProblem();
            String context = e.getContext() == null ? "" : e.getContext() + ": ";
            problems.add(line(mark), column(mark), "", context + what.trim());
        } catch (YAMLException e) {
            problems.add(0, 0, "", String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
        }
        return trees;
    }

    private static boolean looksLikeJson(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isWhitespace(c) && c != '\ufeff') {
                return c == '{' || c == '[';
            }
        }
        return false;
    }

    /** What JSON has and YAML refuses: tabs between values (they cannot stand in JSON's strings), and a slash that is escaped. */
    private static String yamlOfJson(String json) {
        StringBuilder yaml = new StringBuilder(json.length());
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (c == '\\' && i + 1 < json.length()) {
                i++;
                if (json.charAt(i) != '/') {
                    yaml.append(c);
                }
                yaml.append(json.charAt(i));
            } else {
                yaml.append(c == '\t' ? ' ' : c);
            }
        }
        return yaml.toString();
    }

    private @Nullable Tree tree(Node node, String path, int depth) {
        int line = line(node.getStartMark());
        int column = column(node.getStartMark());
        if (++nodes > MAX_NODES || depth > MAX_DEPTH) {
            if (nodes == MAX_NODES + 1 || depth == MAX_DEPTH + 1) {
                problems.add(
                        line,
                        column,
                        path,
                        depth > MAX_DEPTH
                                ? "is nested more than " + MAX_DEPTH + " levels deep"
                                : "the file has more than " + MAX_NODES + " values with its aliases written out");
            }
            return null;
        }
        if (node instanceof MappingNode mapping) {
            return map(mapping, path, depth, line, column);
        }
        if (node instanceof SequenceNode sequence) {
            List<Tree> items = new ArrayList<>();
            for (Node item : sequence.getValue()) {
                Tree tree = tree(item, path + '[' + items.size() + ']', depth + 1);
                if (tree == null) {
                    return null;
                }
                items.add(tree);
            }
            return Tree.list(path, line, column, items);
        }
        ScalarNode scalar = (ScalarNode) node;
        boolean quoted = scalar.getScalarStyle() != DumperOptions.ScalarStyle.PLAIN;
        if (!quoted && scalar.getTag().equals(Tag.NULL)) {
            return Tree.nothing(path, line, column);
        }
        return Tree.text(path, line, column, scalar.getValue(), quoted);
    }

    private @Nullable Tree map(MappingNode mapping, String path, int depth, int line, int column) {
        LinkedHashMap<String, Tree> fields = new LinkedHashMap<>();
        Map<String, int[]> keys = new HashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            int keyLine = line(tuple.getKeyNode().getStartMark());
            int keyColumn = column(tuple.getKeyNode().getStartMark());
            if (!(tuple.getKeyNode() instanceof ScalarNode keyNode)) {
                problems.add(keyLine, keyColumn, path, "a field's name must be text");
                continue;
            }
            String key = keyNode.getValue();
            String at = path.isEmpty() ? key : path + '.' + key;
            int[] earlier = keys.putIfAbsent(key, new int[] {keyLine, keyColumn});
            if (earlier != null) {
                problems.add(keyLine, keyColumn, at, "is given twice, first in line " + earlier[0]);
                continue;
            }
            Tree value = tree(tuple.getValueNode(), at, depth + 1);
            if (value == null) {
                return null;
            }
            fields.put(key, value);
        }
        return Tree.map(path, line, column, fields, keys);
    }

    private static int line(@Nullable Mark mark) {
        return mark == null ? 0 : mark.getLine() + 1;
    }

    private static int column(@Nullable Mark mark) {
        return mark == null ? 0 : mark.getColumn() + 1;
    }
}
