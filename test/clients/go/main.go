// clickhouse-go over HTTP or the native protocol, and Grafana's data source, which is clickhouse-go behind
// database/sql with a time limit of 60 s: it asks the statements that stand in GRAFANA.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
)

// What Grafana's data source has as its time limit if nothing else is set there.
const grafanaTimeout = 60 * time.Second

var compressions = map[string]clickhouse.CompressionMethod{
	"none":    clickhouse.CompressionNone,
	"lz4":     clickhouse.CompressionLZ4,
	"zstd":    clickhouse.CompressionZSTD,
	"gzip":    clickhouse.CompressionGZIP,
	"deflate": clickhouse.CompressionDeflate,
	"br":      clickhouse.CompressionBrotli,
}

func options(user, password string) *clickhouse.Options {
	options := &clickhouse.Options{
		Addr: []string{os.Getenv("ADDRESS")},
		Auth: clickhouse.Auth{Database: "faultline", Username: user, Password: os.Getenv(password)},
	}
	if os.Getenv("PROTOCOL") == "http" {
		options.Protocol = clickhouse.HTTP
	}
	if method, ok := compressions[os.Getenv("COMPRESSION")]; ok {
		options.Compression = &clickhouse.Compression{Method: method}
	}
	return options
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type answer struct {
	Failures uint64 `json:"failures"`
	Typed    []any  `json:"typed"`
	Refused  string `json:"refused"`
	Asked    int    `json:"asked"`
}

func read(ctx context.Context) answer {
	reader, err := clickhouse.Open(options("reader", "READER_PASSWORD"))
	must(err)
	var got answer
	must(reader.QueryRow(ctx, "SELECT count() FROM failures").Scan(&got.Failures))
	var id uuid.UUID
	var at time.Time
	var attributes map[string]string
	must(reader.QueryRow(ctx, os.Getenv("TYPED")).Scan(&id, &at, &attributes))
	got.Typed = []any{id.String(), len(attributes)}
	if err := reader.Exec(ctx, "INSERT INTO "+os.Getenv("TABLE")+" (id) VALUES (1)"); err != nil {
		got.Refused = err.Error()
	}
	return got
}

func write(ctx context.Context) {
	writer, err := clickhouse.Open(options("faultline", "WRITER_PASSWORD"))
	must(err)
	batch, err := writer.PrepareBatch(ctx, "INSERT INTO "+os.Getenv("TABLE")+" (id, at, text, tags, ids)")
	must(err)
	rows, err := strconv.Atoi(os.Getenv("ROWS"))
	must(err)
	for i := range rows {
		tags := map[string]string{"n": strconv.Itoa(i)}
		must(batch.Append(uint64(i), time.Now(), fmt.Sprintf("text %d", i%7), tags, []uuid.UUID{uuid.New()}))
	}
	must(batch.Send())
}

// Every statement has to be answered; most have rows.
func askAsGrafana(statements []string) int {
	db := clickhouse.OpenDB(options("reader", "READER_PASSWORD"))
	asked := 0
	for _, statement := range statements {
		func() {
			ctx, cancel := context.WithTimeout(context.Background(), grafanaTimeout)
			defer cancel()
			rows, err := db.QueryContext(ctx, statement)
			must(err)
			defer func(rows *sql.Rows) { must(rows.Close()) }(rows)
			for rows.Next() {
			}
			must(rows.Err())
			asked++
		}()
	}
	return asked
}

func main() {
	// A time limit of the context travels with each statement as max_execution_time.
	ctx, cancel := context.WithTimeout(context.Background(), grafanaTimeout)
	defer cancel()
	got := read(ctx)
	write(ctx)
	if file := os.Getenv("GRAFANA"); file != "" {
		text, err := os.ReadFile(file)
		must(err)
		var statements []string
		must(json.Unmarshal(text, &statements))
		got.Asked = askAsGrafana(statements)
	}
	must(json.NewEncoder(os.Stdout).Encode(got))
}
