// SPDX-License-Identifier: BSL-1.0

package reporters_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"example.com/reporters"
	"example.com/reporters/inventory"
	"github.com/rs/zerolog"
	zerologerrors "github.com/rs/zerolog/pkgerrors"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// entry is the one line of JSON that log writes.
func entry(t *testing.T, log func(*bytes.Buffer)) map[string]any {
	t.Helper()
	var line bytes.Buffer
	log(&line)
	var fields map[string]any
	if err := json.Unmarshal(line.Bytes(), &fields); err != nil {
		t.Fatalf("%v in %s", err, &line)
	}
	return fields
}

func withZap(fields ...zap.Field) func(*bytes.Buffer) {
	return func(line *bytes.Buffer) {
		encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
		zap.New(zapcore.NewCore(encoder, zapcore.AddSync(line), zap.DebugLevel)).Error("counting", fields...)
	}
}

func withZerolog(write func(*zerolog.Event)) func(*bytes.Buffer) {
	return func(line *bytes.Buffer) {
		logger := zerolog.New(line)
		write(logger.Error())
	}
}

func TestZapsErrorVerboseHasBothStacks(t *testing.T) {
	err := inventory.Fault()
	e := entry(t, withZap(zap.Error(err)))
	if e["error"] != err.Error() {
		t.Errorf("error is %q", e["error"])
	}
	checkOrder(t, fmt.Sprint(e["errorVerbose"]), bothStacks...)
	e = entry(t, withZap(zap.Error(inventory.Nested())))
	checkOrder(t, fmt.Sprint(e["errorVerbose"]), "inventory::count_items()", "caused by: std::out_of_range: shelf 3", "Go stack:")
}

func TestZapBelowFmtErrorfHasOneLine(t *testing.T) {
	err := inventory.Wrapped()
	e := entry(t, withZap(zap.Error(err)))
	if e["error"] != err.Error() || e["errorVerbose"] != nil {
		t.Errorf("got %v", e)
	}
	e = entry(t, withZap(zap.Error(err), zap.NamedError("failure", failure(t, err))))
	checkOrder(t, fmt.Sprint(e["failureVerbose"]), bothStacks...)
}

func TestZerologHasOneLineAndWithTheAdapterTheGoStack(t *testing.T) {
	before := zerolog.ErrorStackMarshaler
	zerolog.ErrorStackMarshaler = zerologerrors.MarshalStack
	defer func() { zerolog.ErrorStackMarshaler = before }()
	err := inventory.Wrapped()
	e := entry(t, withZerolog(func(log *zerolog.Event) { log.Stack().Err(err).Send() }))
	if e["error"] != err.Error() || e["stack"] != nil {
		t.Errorf("got %v", e)
	}
	stacked := fmt.Errorf("counting: %w", reporters.Stacked{Failure: failure(t, err)})
	e = entry(t, withZerolog(func(log *zerolog.Event) { log.Stack().Err(stacked).Send() }))
	checkOrder(t, fmt.Sprint(e["stack"]), "func:Fault", "source:inventory.go", "func:Wrapped")
}

func TestZerologShowsAllOfAnInterface(t *testing.T) {
	err := inventory.Wrapped()
	e := entry(t, withZerolog(func(log *zerolog.Event) { log.Err(err).Interface("failure", failure(t, err)).Send() }))
	checkObject(t, e["failure"])
}

func TestSlogShowsAllButNotBelowFmtErrorf(t *testing.T) {
	log := func(name string, err error) map[string]any {
		return entry(t, func(line *bytes.Buffer) {
			slog.New(slog.NewJSONHandler(line, nil)).Error("counting", name, err)
		})
	}
	checkObject(t, log("error", inventory.Fault())["error"])
	err := inventory.Wrapped()
	if e := log("error", err); e["error"] != err.Error() {
		t.Errorf("got %v", e)
	}
	checkObject(t, log("failure", failure(t, err))["failure"])
	nested, _ := log("error", inventory.Nested())["error"].(map[string]any)
	cause, _ := nested["cause"].(map[string]any)
	if innermost, _ := cause["cause"].(map[string]any); cause["name"] != "std::runtime_error" || innermost["name"] != "std::out_of_range" {
		t.Errorf("got %v", nested)
	}
}

// checkObject checks a fault that was logged with its fields.
func checkObject(t *testing.T, logged any) {
	t.Helper()
	object, ok := logged.(map[string]any)
	if !ok {
		t.Fatalf("got %v, want an object", logged)
	}
	cpp, _ := object["c_stack"].(string)
	goes, _ := object["go_stack"].(string)
	if object["name"] != "SIGSEGV" || !strings.Contains(cpp, "inventory::write_to_nobody()") || !strings.Contains(goes, "inventory.Fault") {
		t.Errorf("got %v", object)
	}
}
