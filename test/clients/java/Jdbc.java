// The JDBC driver, and what DBeaver asks through it: databases, tables, columns.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Map;
import java.util.Properties;

public class Jdbc {
  static final Map<String, String> ENV = System.getenv();

  static Connection connect(String user, String password) throws SQLException {
    var properties = new Properties();
    properties.put("user", user);
    properties.put("password", ENV.get(password));
    if (!ENV.get("COMPRESSION").equals("default")) {
      properties.put("compress", String.valueOf(!ENV.get("COMPRESSION").equals("none")));
      properties.put("decompress", properties.get("compress"));
    }
    return DriverManager.getConnection("jdbc:clickhouse://" + ENV.get("ADDRESS") + "/faultline", properties);
  }

  static int rows(ResultSet result) throws SQLException {
    int rows = 0;
    while (result.next()) rows++;
    return rows;
  }

  public static void main(String[] args) throws Exception {
    long failures;
    String id;
    int attributes;
    String refused = "";
    try (var reader = connect("reader", "READER_PASSWORD"); var statement = reader.createStatement()) {
      try (var result = statement.executeQuery("SELECT count() FROM failures")) {
        result.next();
        failures = result.getLong(1);
      }
      try (var result = statement.executeQuery(ENV.get("TYPED"))) {
        result.next();
        id = result.getString(1);
        attributes = ((Map<?, ?>) result.getObject(3)).size();
      }
      var meta = reader.getMetaData();
      if (rows(meta.getSchemas()) == 0) throw new Exception("no databases");
      if (rows(meta.getTables(null, "faultline", "%", null)) < 5) throw new Exception("no tables");
      if (rows(meta.getColumns(null, "faultline", "failures", "%")) < 20) throw new Exception("no columns");
      try {
        statement.executeUpdate("INSERT INTO " + ENV.get("TABLE") + " (id) VALUES (1)");
      } catch (SQLException error) {
        refused = error.getMessage();
      }
    }
    var insert = "INSERT INTO " + ENV.get("TABLE") + " (id, at, text, tags, ids) VALUES (?, ?, ?, map('n', ?), [toUUID('00000000-0000-0000-0000-000000000001')])";
    try (var writer = connect("faultline", "WRITER_PASSWORD"); var rows = writer.prepareStatement(insert)) {
      for (int i = 0; i < Integer.parseInt(ENV.get("ROWS")); i++) {
        rows.setLong(1, i);
        rows.setTimestamp(2, Timestamp.from(Instant.now()));
        rows.setString(3, "text " + i % 7);
        rows.setString(4, String.valueOf(i));
        rows.addBatch();
      }
      rows.executeBatch();
    }
    var quoted = refused.replaceAll("[^A-Za-z0-9_ .]", " ");
    System.out.printf("{\"failures\": %d, \"typed\": [\"%s\", %d], \"refused\": \"%s\"}%n", failures, id, attributes, quoted);
  }
}
