// Entry of the web page.
import { render } from 'preact';
import { App } from './app.tsx';
import './style/base.css';
import './style/lists.css';
import './style/drawings.css';

render(<App />, document.getElementById('app')!);
