// Interop lets programs of others look at our logs, and lets our witness cosign a log of theirs:
// Tessera and Torchwood implement the C2SP formats, and neither knows of us.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"k8s.io/klog/v2"
)

const usage = `usage: interop check URL LOG-KEY [KEY...]
       interop prove PROOF ENTRY LOG-KEY [KEY...]
       interop grow FOLDER SIGNING-KEY WITNESS-KEY WITNESS-URL SIZE...`

func main() {
	flag.Parse()
	// Tessera tells of all that it does; what counts comes back as errors.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	if err := run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	ctx := context.Background()
	switch {
	case len(arguments) >= 3 && arguments[0] == "check":
		return check(ctx, arguments[1], arguments[2:])
	case len(arguments) >= 4 && arguments[0] == "prove":
		return prove(arguments[1], arguments[2], arguments[3:])
	case len(arguments) >= 6 && arguments[0] == "grow":
		return grow(ctx, arguments[1], arguments[2], arguments[3], arguments[4], arguments[5:])
	}
	return errors.New(usage)
}

// check reads a log that is served over HTTP twice: Tessera's fsck computes every tile anew from
// the entries, and Torchwood checks every entry against the root, under all keys together.
func check(ctx context.Context, address string, keys []string) error {
	root, err := url.Parse(address)
	if err != nil {
		return err
	}
	fetcher, err := client.NewHTTPFetcher(root, nil)
	if err != nil {
		return err
	}
	logKey, err := note.NewVerifier(keys[0])
	if err != nil {
		return fmt.Errorf("the log's key: %w", err)
	}
	if err := fsck.New(logKey.Name(), logKey, fetcher, leaves, fsck.Opts{N: 2}).Check(ctx); err != nil {
		return fmt.Errorf("tessera: %w", err)
	}
	signed, err := fetcher.ReadCheckpoint(ctx)
	if err != nil {
		return err
	}
	policy, err := allOf(keys)
	if err != nil {
		return err
	}
	checkpoint, opened, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return fmt.Errorf("torchwood: %w", err)
	}
	entries, err := count(ctx, address, checkpoint.Tree)
	if err != nil {
		return fmt.Errorf("torchwood: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"log": checkpoint.Origin, "size": checkpoint.N, "entries": entries, "signatures": len(opened.Sigs),
	})
}

func count(ctx context.Context, address string, tree tlog.Tree) (int, error) {
	tiles, err := torchwood.NewTileFetcher(address)
	if err != nil {
		return 0, err
	}
	reader, err := torchwood.NewClient(tiles)
	if err != nil {
		return 0, err
	}
	entries := 0
	for range reader.AllEntries(ctx, tree, 0) {
		entries++
	}
	return entries, reader.Err()
}

func leaves(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(entries.Entries))
	for _, entry := range entries.Entries {
		hash := tlog.RecordHash(entry)
		hashes = append(hashes, hash[:])
	}
	return hashes, nil
}

// prove checks a tlog-proof offline.
func prove(proofFile, entryFile string, keys []string) error {
	proof, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return err
	}
	policy, err := allOf(keys)
	if err != nil {
		return err
	}
	return torchwood.VerifyProof(policy, tlog.RecordHash(entry), proof)
}

// allOf returns the policy that the log's key and all others signed, each once.
func allOf(keys []string) (torchwood.Policy, error) {
	name, _, _ := strings.Cut(keys[0], "+")
	policies := []torchwood.Policy{torchwood.OriginPolicy(name)}
	for number, key := range keys {
		var verifier note.Verifier
		var err error
		if number == 0 {
			verifier, err = torchwood.NewLogVerifier(key)
		} else {
			verifier, err = torchwood.NewCosignatureVerifier(key)
		}
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", number, err)
		}
		policies = append(policies, torchwood.SingleVerifierPolicy(verifier))
	}
	return torchwood.ThresholdPolicy(len(policies), policies...), nil
}

// grow lets a log of Tessera's have as many entries as each size says, one after the other. Tessera
// publishes only what the witness has cosigned.
func grow(ctx context.Context, folder, signingKey, witnessKey, witnessURL string, sizes []string) error {
	signer, err := note.NewSigner(signingKey)
	if err != nil {
		return fmt.Errorf("the signing key: %w", err)
	}
	address, err := url.Parse(witnessURL)
	if err != nil {
		return err
	}
	witness, err := tessera.NewWitness(witnessKey, address)
	if err != nil {
		return fmt.Errorf("the witness's key: %w", err)
	}
	driver, err := posix.New(ctx, posix.Config{Path: folder})
	if err != nil {
		return err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(200*time.Millisecond).
		WithBatching(256, 50*time.Millisecond).
		WithWitnesses(tessera.NewWitnessGroup(1, witness), &tessera.WitnessOptions{Timeout: 2 * time.Second})
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return err
	}
	for _, text := range sizes {
		var size uint64
		if _, err := fmt.Sscan(text, &size); err != nil {
			return err
		}
		if err := growTo(ctx, appender, reader, size); err != nil {
			return err
		}
	}
	return shutdown(ctx)
}

func growTo(ctx context.Context, appender *tessera.Appender, reader tessera.LogReader, size uint64) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	next, err := reader.NextIndex(ctx)
	if err != nil {
		return err
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 50*time.Millisecond)
	var futures []tessera.IndexFuture
	for ; next < size; next++ {
		futures = append(futures, appender.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "entry %d", next))))
	}
	for _, future := range futures {
		if _, _, err := awaiter.Await(ctx, future); err != nil {
			return fmt.Errorf("not published: %w", err)
		}
	}
	return nil
}
