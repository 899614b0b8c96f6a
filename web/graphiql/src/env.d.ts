interface Window {
  MonacoEnvironment?: { getWorker(workerId: string, label: string): Worker };
}
